"""Checks a receipt or a package of Pishi alone: no server, no database, no other file. Needs Python 3.9, nothing else.

    python3 verify_record.py FILE [--key HEX]... [--witness FILE]

FILE is a receipt (.json or .tlog-proof) or a package (.zip). One line for each fact: OK, FAIL, or NOTE for what the
file cannot show. Exit 0 when nothing failed, 1 otherwise. --key: the office's public key as the office has published
it; without it the key that the file itself brings is used, and said so. --witness: checkpoints kept elsewhere.
单文件离线核验：每行一条事实，OK 成立，FAIL 不成立，NOTE 提示；全部成立退出码 0，否则 1。
"""

from __future__ import annotations

import base64
import json
import re
import sys
from hashlib import sha256, sha512
from typing import Any

ORIGIN = "pishi/audit"
CONTENT = ("submitted", "revised", "fields.changed")  # verbs that name the content they leave behind
FILES = ("entries.json", "log.json", "manifest.json", "rows.json", "sms.json")
NOTE = re.compile(
    "pishi/audit\n(\\d+)\n(\\S+)\ncheckpoint (\\d+)\nat (\\S+)\n\n\u2014 pishi/audit (\\S+)\n(?:\u2014 \\S+ \\S+\n)*"
)

# Ed25519 as in RFC 8032 §5.1.7, in its plainest form
PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)


def add(one: Any, two: Any) -> Any:
    """Points in extended coordinates X, Y, Z, T."""
    a, b = (one[1] - one[0]) * (two[1] - two[0]), (one[1] + one[0]) * (two[1] + two[0])
    c, d = 2 * one[3] * two[3] * CURVE, 2 * one[2] * two[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def times(number: int, point: Any) -> Any:
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point = add(point, point)
        number >>= 1
    return total


def point_of(text: bytes) -> Any:
    """The point that 32 bytes stand for, None where they are none."""
    sign, y = divmod(int.from_bytes(text, "little"), 1 << 255)
    square = (y * y - 1) * pow(CURVE * y * y + 1, PRIME - 2, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    x = x if (x * x - square) % PRIME == 0 else x * ROOT_OF_MINUS_ONE % PRIME
    if len(text) != 32 or y >= PRIME or (x * x - square) % PRIME or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else PRIME - x
    return (x, y, 1, x * y % PRIME)


GENERATOR = point_of((4 * pow(5, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little"))


def ed25519_holds(public_key: bytes, text: bytes, signature: bytes) -> bool:
    key, commitment, scalar = point_of(public_key), point_of(signature[:32]), signature[32:]
    number = int.from_bytes(scalar, "little")
    if key is None or commitment is None or len(scalar) != 32 or number >= ORDER:
        return False
    challenge = int.from_bytes(sha512(signature[:32] + public_key + text).digest(), "little") % ORDER
    left, right = times(number, GENERATOR), add(commitment, times(challenge, key))
    return all((left[i] * right[2] - right[i] * left[2]) % PRIME == 0 for i in (0, 1))


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def is_included(leaf: bytes, place: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """RFC 9162 §2.1.3.2, on the Merkle tree of RFC 6962."""
    if not 0 <= place < size:
        return False
    last, current = size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            current = node(step, current)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            current = node(current, step)
        place, last = place >> 1, last >> 1
    return last == 0 and current == root


def is_grown(old: int, new: int, proof: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    """RFC 9162 §2.1.4.2."""
    path = [old_root, *proof] if old & (old - 1) == 0 else proof
    if not 0 < old < new or not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node(step, first), node(step, second)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            second = node(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def canonical(value: Any, escape: bool = True) -> str:
    """Sorted keys, no blanks, nothing escaped but, where asked, halves of UTF-16 pairs."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text) if escape else text


def digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def raw(text: Any, length: int = 32) -> bytes:
    if not isinstance(text, str) or len(text) != 2 * length:
        raise ValueError(f"{text!r} is not {length} bytes in hex")
    return bytes.fromhex(text)


def whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is no whole number")
    return value


def entry_hash(entry: Any) -> str:
    said = {name: entry[name] for name in ("actor", "at", "chain", "prev", "seq", "thing", "verb")}
    whole(said["seq"])
    return digest(canonical({**said, "data": entry["digest"]}))


def signed_text(point: Any) -> bytes:
    root = base64.b64encode(raw(point["root"])).decode()
    number, size, at = whole(point["number"]), whole(point["size"]), point["at"]
    return f"{ORIGIN}\n{size}\n{root}\ncheckpoint {number}\nat {at}\n".encode()


def key_id(public_key: bytes) -> str:
    return sha256(ORIGIN.encode() + b"\n\x01" + public_key).hexdigest()[:8]


def tell(line: str) -> None:
    print(
        "".join(letter if letter.isprintable() else "?" for letter in line)
    )  # no line of a stranger's making


class Check:
    """The facts of one document, said as they are found."""

    def __init__(self) -> None:
        self.facts = self.failed = 0
        self.keys: dict[str, bytes] = {}
        self.witnessed: dict[int, str] = {}

    def say(self, fact: str, why_not: str = "", holds: bool | None = None) -> None:
        """A fact holds where nothing speaks against it, or where `holds` says so."""
        fails = bool(why_not) if holds is None else not holds
        self.facts += 1
        self.failed += fails
        tell(f"FAIL  {fact}: {why_not}" if fails else f"OK    {fact}")

    def bring_keys(self, brought: Any) -> None:
        """The keys that the document names: used where none was given, and told so."""
        for one in [] if self.keys else brought:
            if one["algorithm"] == "ed25519":
                public = raw(one["public_key"])
                self.keys[key_id(public)] = public
                tell(f"NOTE  the key {public.hex()} came along: compare it with the office's own")

    def signature(self, fact: str, text: bytes, signed: Any) -> None:
        key = self.keys.get(signed["key_id"], b"")
        holds = ed25519_holds(key, text, base64.b64decode(signed["signature"], validate=True))
        why = "the signature does not hold" if key else "this key was not given"
        self.say(f"{fact} by key {signed['key_id']}", why, holds)

    def checkpoint(self, point: Any) -> None:
        size = whole(point["size"])
        fact = f"checkpoint {point['number']} over {size} entries, of {point['at']}, is signed"
        self.signature(fact, signed_text(point), point)
        if size in self.witnessed:
            same = self.witnessed[size] == point["root"]
            self.say(f"the witness has seen the same log of {size}", "it has seen another", same)

    def entry(self, entry: Any, point: Any) -> None:
        """Text, hash and place in the log."""
        why, leaf = [], sha256(b"\x00" + raw(entry["hash"])).digest()
        if entry["data"] is not None:
            text = sha256(raw(entry["salt"], 16) + entry["data"].encode()).hexdigest()
            why += [] if text == entry["digest"] else ["its text is not the one that was hashed"]
        elif entry["salt"] is not None:
            why.append("it has a salt and no text")
        why += [] if entry_hash(entry) == entry["hash"] else ["it is not what was hashed"]
        proof = [raw(step) for step in entry["proof"]]
        if not is_included(leaf, whole(entry["leaf"]), whole(point["size"]), proof, raw(point["root"])):
            why.append("the log does not hold it there")
        done = f"{entry['verb']} by {entry['actor']} at {entry['at']}"
        self.say(f"entry {entry['seq']} of {entry['chain']}, {done}: leaf {entry['leaf']}", "; ".join(why))

    def receipt(self, receipt: Any) -> None:
        self.bring_keys(receipt["keys"])
        self.checkpoint(receipt["checkpoint"])
        self.entry(receipt["entry"], receipt["checkpoint"])
        if receipt["entry"]["data"] is None:
            tell("NOTE  the entry's text is not part of this receipt, only its digest")

    def package(self, files: dict[str, bytes]) -> None:
        entries, log, manifest, rows, sms = (read_json(files[name]) for name in FILES)
        own, others = entries["entries"], entries["others"]
        self.bring_keys(log["keys"])
        self.manifest(manifest, files)
        final = self.log(log)
        for entry in [*own, *others]:
            self.entry(entry, final)
        self.chain(own, manifest["chain"], manifest["head"])
        self.decisions(rows["decisions"], own)
        self.content(rows["content"], rows["decisions"], own)
        self.evidence(sms["inbound"], rows["decisions"], others)
        tell(f"NOTE  the package ends at {manifest['made_at']}; it cannot show what came later")

    def manifest(self, manifest: Any, files: dict[str, bytes]) -> None:
        told, text = manifest["files"], f"pishi/package/1\n{sha256(files['manifest.json']).hexdigest()}\n"
        for name in sorted({*told, *files} - {"manifest.json", "manifest.sig"}):
            same = sha256(files.get(name, b"")).hexdigest() == told.get(name)
            self.say(f"{name} is as packed", "changed, taken out or put in", same)
        self.signature("the list of files is signed", text.encode(), read_json(files["manifest.sig"]))

    def log(self, log: Any) -> Any:
        """Every checkpoint, and that each grew out of the one before; the last one."""
        points = sorted(log["checkpoints"], key=lambda point: whole(point["size"]))
        for place, new in enumerate(points):
            self.checkpoint(new)
            if place:
                old, sizes = points[place - 1], (points[place - 1]["size"], new["size"])
                proof = [raw(step) for step in log["consistency"][f"{sizes[0]}-{sizes[1]}"]]
                grown = is_grown(*sizes, proof, raw(old["root"]), raw(new["root"]))
                self.say(f"the log of {sizes[1]} grew out of the log of {sizes[0]}", "it did not", grown)
        if self.witnessed and not self.witnessed.keys() & {point["size"] for point in points}:
            tell("NOTE  the witness has seen none of these checkpoints; export with --witness")
        return points[-1]

    def chain(self, entries: Any, name: str, head: Any) -> None:
        prev, without, gaps = "0" * 64, set(), []
        for seq, entry in enumerate(entries, 1):
            if (entry["chain"], entry["seq"], entry["prev"]) != (name, seq, prev):
                gaps.append(f"at {seq}")
            prev = entry["hash"]
            if entry["data"] is None:
                without.add(f"entry:{seq}")
            if entry["verb"] == "audit.text_deleted":
                without.discard(entry["thing"])
        self.say(f"{name} has no gap: entries 1 to {len(entries)} follow each other", ", ".join(gaps))
        ends = head == {"seq": len(entries), "hash": prev}
        self.say(f"{name} ends where its head says", "it does not", ends)
        self.say("each text is here, or an entry says that it was deleted", ", ".join(sorted(without)))

    def decisions(self, rows: Any, entries: Any) -> None:
        told = {entry["thing"]: entry for entry in entries if entry["verb"] == "decided"}
        for row in rows:
            entry = told.pop(f"decision:{row['id']}", {"data": None, "at": None})
            fact = f"decision {row['id']}, {row['verdict']} through {row['channel']}, is as recorded"
            facts = {"decided_at": entry["at"], **json.loads(entry["data"] or "{}")}
            odd = [name for name in facts if name not in row or row[name] != facts[name]]
            odd += [] if row["state"] in states_of(row["id"], entries) else ["state"]
            self.say(fact, ", ".join(odd) and f"{', '.join(odd)} differ")
        for thing in sorted(told):
            self.say(thing, "recorded, and gone")

    def content(self, content: Any, decisions: Any, entries: Any) -> None:
        fields, salts = content["fields"], content["salts"]
        digests = {name: digest(f"{salts[name]}\n{canonical(one, False)}") for name, one in fields.items()}
        found = digest(canonical(sorted(map(list, digests.items())), False))
        told = [json.loads(one["data"] or "{}") for one in entries if one["verb"] in CONTENT]
        hashes = [one["content_hash"] for one in told if "content_hash" in one]
        if hashes:
            self.say("the content is the one that was submitted last", found, found == hashes[-1])
            strange = [str(one["id"]) for one in decisions if one["content_hash"] not in hashes]
            self.say("every decision names a content that was submitted", ", ".join(strange))

    def evidence(self, inbound: Any, decisions: Any, entries: Any) -> None:
        told = {one["thing"]: one for one in entries if one["verb"] == "sms.received"}
        there = {f"sms_inbound:{one['id']}": one for one in inbound}
        for name, sms in sorted(there.items()):
            fact = f"{name} from {sms['evidence']['sender']} is as received"
            if name in told and told[name]["data"] is not None:
                same = json.loads(told[name]["data"])["digest"] == digest(canonical(sms["evidence"]))
                self.say(fact, "its text or another fact differs", same)
            else:
                tell(f"NOTE  {fact}, says the office; no entry holds its digest")
        named = {one["evidence"] for one in decisions if one["evidence"].startswith("sms_inbound:")}
        for name in sorted((named | set(told)) - set(there)):
            self.say(name, "recorded, and gone")


def states_of(decision: int, entries: Any) -> tuple[str, ...]:
    verb = ""
    for entry in entries:
        if entry["verb"] == "superseded" and entry["thing"].startswith("request:"):
            about = decision in json.loads(entry["data"] or "{}").get("decisions", [])
        else:
            about = entry["thing"] == f"decision:{decision}"
        verb = entry["verb"] if about else verb
    return {"decided": ("held", "provisional", "effective")}.get(verb, (verb,))


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return dict(pairs)


def read_json(text: bytes | str) -> Any:
    return json.loads(text, object_pairs_hook=once)


def read_note(text: str) -> dict[str, Any]:
    found = NOTE.fullmatch(text)
    if found is None:
        raise ValueError("this is no checkpoint of pishi/audit")
    root, signature = (base64.b64decode(found[place], validate=True) for place in (2, 5))
    signed = {"key_id": signature[:4].hex(), "signature": base64.b64encode(signature[4:]).decode()}
    return {"number": int(found[3]), "size": int(found[1]), "root": root.hex(), "at": found[4], **signed}


def read_tlog_proof(text: str) -> Any:
    """A receipt from its C2SP tlog-proof: what it says stands in the `extra` line."""
    head, _, checkpoint = text.partition("\n\n")
    _, extra, index, *steps = head.split("\n")
    if not extra.startswith("extra ") or not index.startswith("index "):
        raise ValueError("this proof lacks its `extra` or `index` line")
    said = read_json(base64.b64decode(extra[6:], validate=True))
    proof = [base64.b64decode(step, validate=True).hex() for step in steps]
    entry = {**said["entry"], "leaf": int(index[6:]), "proof": proof}
    return {"entry": entry, "checkpoint": read_note(checkpoint), "keys": said["keys"]}


def read_package(path: str) -> dict[str, bytes]:
    import zipfile  # a receipt does without it, and starts sooner

    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(set(names)) != len(names) or any(one.file_size > 1 << 29 for one in archive.infolist()):
            raise ValueError("a file stands twice in the package, or is too large")
        return {name: archive.read(name) for name in names}


def check(path: str, keys: list[str], witness: str | None = None) -> Check:
    found = Check()
    try:
        found.keys = {key_id(raw(key)): raw(key) for key in keys}
        if witness is not None:
            with open(witness, encoding="utf-8") as lines:
                points = [read_note(read_json(line)["note"]) for line in lines]
            found.witnessed = {point["size"]: point["root"] for point in points}
        with open(path, "rb") as opened:
            content = opened.read()
        if content.startswith(b"PK"):
            found.package(read_package(path))
        elif content.startswith(b"c2sp.org/tlog-proof@v1\n"):
            found.receipt(read_tlog_proof(content.decode()))
        else:
            found.receipt(read_json(content))
    except Exception as error:  # noqa: BLE001  # whatever a file holds is said in one line
        found.say(f"{path} can be read as a receipt or a package", f"{type(error).__name__}: {error}")
    return found


def main(words: list[str]) -> int:
    options: dict[str, list[str]] = {"--key": [], "--witness": [], "": []}
    while words:
        name = words.pop(0) if words[0] in options and len(words) > 1 else ""
        options[name].append(words.pop(0))
    if len(options[""]) != 1 or options[""][0].startswith("-") or len(options["--witness"]) > 1:
        print(__doc__)
        return 2
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a console may lack letters
    found = check(options[""][0], options["--key"], *options["--witness"])
    tell(f"{found.facts} facts, {found.failed} failed")
    return 1 if found.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
