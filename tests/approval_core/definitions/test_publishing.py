"""Publishing: one version takes new requests, nothing written changes, nothing bad is stored."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from approval_core.audit.models import entries
from approval_core.definitions.models import versions
from approval_core.definitions.queries import cards, current, source, version
from approval_core.definitions.service import publish, publish_shipped, retire
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.people.actor import Actor
from approval_core.store import Store, Tx
from tests.approval_core.definitions.papers import LEAVE, changed
from tests.factories import NOW, after

ADMIN = Actor(kind="person", name="admin")


def verbs(tx: Tx) -> list[str]:
    wanted = select(entries.c.verb).where(entries.c.chain == "definitions").order_by(entries.c.seq)
    return list(tx.execute(wanted).scalars())


def test_a_published_type_takes_requests(store: Store) -> None:
    done = store.write(publish, LEAVE, actor=ADMIN, now=NOW)
    found = store.read(current, "LEAVE")
    assert found is not None
    assert (found.id, found.type, found.version) == (done.version_id, "LEAVE", 1)
    assert found.route == found.document.route_json()
    assert store.read(source, "LEAVE") == LEAVE
    assert store.read(verbs) == ["type.published"]


def test_the_same_text_again_is_the_same_version(store: Store) -> None:
    first = store.write(publish, LEAVE, actor=ADMIN, now=NOW)
    again = store.write(publish, LEAVE, actor=ADMIN, now=after(60))
    assert (again.version_id, again.version, again.created) == (first.version_id, 1, False)
    assert store.read(verbs) == ["type.published"]


def test_a_new_text_is_a_new_version_and_the_old_one_runs_out(store: Store) -> None:
    first = store.write(publish, LEAVE, actor=ADMIN, now=NOW)
    store.write(publish, changed("form.days > 3", "form.days > 5"), actor=ADMIN, now=NOW)
    newest = store.read(current, "LEAVE")
    old = store.read(version, first.version_id)
    assert newest is not None
    assert newest.version == 2
    assert (old.version, old.route[1]["branches"][0]["when"]) == (1, "form.days > 3")
    assert [(one.version, one.state) for one in store.read(cards, type_name="LEAVE", retired=True)] == [
        (2, "published"),
        (1, "retired"),
    ]


def test_going_back_to_an_old_text_is_a_version_of_its_own(store: Store) -> None:
    store.write(publish, LEAVE, actor=ADMIN, now=NOW)
    store.write(publish, changed("form.days > 3", "form.days > 5"), actor=ADMIN, now=NOW)
    assert store.write(publish, LEAVE, actor=ADMIN, now=NOW).version == 3


def test_a_retired_type_takes_no_requests_and_its_running_ones_go_on(store: Store) -> None:
    done = store.write(publish, LEAVE, actor=ADMIN, now=NOW)
    assert store.write(retire, "LEAVE", actor=ADMIN, now=NOW) == 1
    assert store.read(current, "LEAVE") is None
    assert store.read(version, done.version_id).type == "LEAVE"
    assert store.read(verbs) == ["type.published", "type.retired"]
    with pytest.raises(Conflict):
        store.write(retire, "LEAVE", actor=ADMIN, now=NOW)
    assert store.write(publish, LEAVE, actor=ADMIN, now=NOW).version == 2


def test_an_unknown_type_or_version_is_not_found(store: Store) -> None:
    assert store.read(current, "NONE") is None
    with pytest.raises(NotFound):
        store.read(version, 99)
    with pytest.raises(NotFound):
        store.read(source, "NONE")
    with pytest.raises(NotFound):
        store.write(retire, "NONE", actor=ADMIN, now=NOW)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("type: [", "bad_document"),
        (changed("module: hr", "modul: hr"), "bad_document"),
        (changed("form.days > 3", "form.day > 3"), "bad_definition"),
        (changed("form.days > 3", "'[1].all(x, x > 0)'"), "bad_definition"),
        (changed("form.days > 3", "(" * 400), "bad_definition"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(store: Store, text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        store.write(publish, text, actor=ADMIN, now=NOW)
    assert refused.value.code == code
    assert store.read(lambda tx: tx.execute(select(versions)).all()) == []
    assert store.read(verbs) == []


def test_a_refusal_names_every_error_with_its_place(store: Store) -> None:
    text = changed("form.days > 3", "form.day > 3").replace("floor: 1", "") + "amount: sum\n"
    with pytest.raises(Invalid) as refused:
        store.write(publish, text, actor=ADMIN, now=NOW)
    places = {one["place"] for one in refused.value.data["findings"]}
    assert places == {"route[1].branches[0].when", "amount"}


def test_two_offices_in_one_process_keep_their_versions_apart(store: Store, sqlite_files: object) -> None:
    other = Store(sqlite_files.migrated())  # type: ignore[attr-defined]  # the fixture's own class
    try:
        here = store.write(publish, LEAVE, actor=ADMIN, now=NOW)
        there = other.write(publish, changed("type: LEAVE", "type: OVERTIME"), actor=ADMIN, now=NOW)
        assert store.read(version, here.version_id).type == "LEAVE"
        assert other.read(version, there.version_id).type == "OVERTIME"
    finally:
        other.close()


def test_shipped_types_do_not_replace_what_the_office_wrote(store: Store) -> None:
    own = changed("form.days > 3", "form.days > 5")
    store.write(publish, own, actor=ADMIN, now=NOW)
    shipped = [LEAVE, changed("type: LEAVE", "type: OVERTIME")]
    assert [one.type for one in store.write(publish_shipped, shipped, now=NOW)] == ["OVERTIME"]
    assert store.write(publish_shipped, shipped, now=NOW) == []
    assert store.read(source, "LEAVE") == own


def test_two_administrators_at_once_leave_one_current_version(store: Store) -> None:
    texts = [changed("form.days > 3", f"form.days > {n}") for n in range(4, 10)]
    said: list[object] = []

    def put(text: str) -> None:
        try:
            said.append(store.write(publish, text, actor=ADMIN, now=NOW).version)
        except Conflict as conflict:
            said.append(conflict.code)

    threads = [threading.Thread(target=put, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(one for one in said if isinstance(one, int))
    assert numbers == list(range(1, len(numbers) + 1))
    assert {one for one in said if isinstance(one, str)} <= {"published_meanwhile"}
    assert [one.version for one in store.read(cards)] == [len(numbers)]
