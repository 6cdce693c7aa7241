"""Passwords, locks and sessions, on both engines, through the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from approval_core.audit.models import entries
from approval_core.errors import Conflict, Invalid, NotFound
from approval_core.people import service as people
from approval_core.people.accounts import queries, service
from approval_core.people.accounts.hashing import Hashing
from approval_core.people.accounts.models import credentials, failures, sessions
from approval_core.people.accounts.rules import check_password, csrf_of, lock_for
from approval_core.people.accounts.service import Knock, Refused, SignedIn
from approval_core.people.accounts.settings import AccountSettings
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Store
from tests.factories import NOW, hire

QUICK = AccountSettings(memory_kib=64, passes=1, lanes=1)
HASHING = Hashing(QUICK)
PASSWORD = "海屿-潮声-3071"
IDLE = QUICK.idle


@pytest.fixture
def wang(store: Store) -> Actor:
    actor = hire(store, "hy00001", name="王伟")
    give(store, actor)
    return actor


def give(store: Store, who: Actor, *, password: str = PASSWORD, must_change: bool = False) -> None:
    store.write(
        service.set_password,
        who.person_id or 0,
        new_hash=HASHING.hash(password),
        must_change=must_change,
        actor=SYSTEM,
        now=NOW,
    )


def knock(
    store: Store,
    account: str = "hy00001",
    password: str = PASSWORD,
    *,
    token: str = "t1",  # noqa: S107  # made up
    now: datetime = NOW,
) -> SignedIn | Refused:
    seen = store.read(queries.standing_of, account, now=now)
    return store.write(
        service.record_sign_in,
        seen,
        fits=HASHING.fits(seen.hash, password),
        token=token,
        knock=Knock(source="10.0.0.7"),
        settings=QUICK,
        now=now,
    )


def why(found: SignedIn | Refused) -> str:
    return found.why if isinstance(found, Refused) else "in"


def verbs(store: Store) -> list[str]:
    trail = select(entries.c.verb).where(entries.c.chain == "accounts").order_by(entries.c.id)
    return store.read(lambda tx: list(tx.execute(trail).scalars()))


def later(**span: Any) -> datetime:
    return NOW + timedelta(**span)


def test_the_right_password_opens_a_session_that_names_the_person(store: Store, wang: Actor) -> None:
    assert why(knock(store)) == "in"
    live = store.read(queries.session_of, "t1", idle=IDLE, now=later(minutes=29))
    assert live is not None
    assert (live.account, live.name, live.must_change, live.grants) == ("hy00001", "王伟", False, frozenset())
    assert store.read(queries.session_of, "t2", idle=IDLE, now=NOW) is None
    assert verbs(store) == ["password.set", "signed_in"]


def test_neither_the_password_nor_the_token_is_in_the_store(store: Store, wang: Actor) -> None:
    knock(store)
    kept = store.read(lambda tx: tx.execute(select(credentials.c.hash)).scalar_one())
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept
    assert store.read(lambda tx: tx.execute(select(sessions.c.token_hash)).scalar_one()) != "t1"
    assert csrf_of("t1") not in {"t1", csrf_of("t2")}


def test_a_wrong_password_and_an_unknown_account_are_told_the_same_and_locked_alike(
    store: Store, wang: Actor
) -> None:
    for account in ("hy00001", "nobody"):
        told = [why(knock(store, account, "wrong-password")) for _ in range(6)]
        assert told == ["wrong"] * 4 + ["locked"] * 2, account
    assert HASHING.fits(None, "nobody's password") is False
    assert verbs(store)[-6:] == ["sign_in.failed"] * 4 + ["sign_in.locked", "sign_in.refused"]


def test_the_name_that_a_stranger_types_is_not_written_down(store: Store) -> None:
    knock(store, "my-secret-password", "x")
    trail = store.read(lambda tx: tx.execute(select(entries.c.thing, entries.c.actor, entries.c.data)).one())
    assert (trail.thing, trail.actor) == ("account:unknown", "somebody")
    assert "my-secret" not in str(trail.data)


def test_a_locked_account_refuses_the_right_password_until_the_lock_is_over(
    store: Store, wang: Actor
) -> None:
    for _ in range(5):
        knock(store, password="wrong-password")
    refused = knock(store, now=later(minutes=14))
    assert refused == Refused("locked", later(minutes=15))
    assert why(knock(store, now=later(minutes=15))) == "in"
    assert store.read(lambda tx: tx.execute(select(failures)).all()) == []


def test_each_lock_is_twice_as_long_as_the_one_before(store: Store, wang: Actor) -> None:
    moment, spans = NOW, []
    for _ in range(3):
        for _ in range(5):
            refused = knock(store, password="wrong-password", now=moment)
        assert isinstance(refused, Refused)
        assert refused.locked_until is not None
        spans.append((refused.locked_until - moment) // timedelta(minutes=1))
        moment = refused.locked_until
    assert spans == [15, 30, 60]
    assert lock_for(1000, timedelta(minutes=15)) == timedelta(hours=24)


def test_a_right_guess_among_many_at_the_same_moment_is_worth_nothing(store: Store, wang: Actor) -> None:
    """All were compared before any was written down; the lock is looked at again where it is written."""
    seen = store.read(queries.standing_of, "hy00001", now=NOW)
    facts: dict[str, Any] = {"knock": Knock(), "settings": QUICK, "now": NOW}
    told = [
        why(store.write(service.record_sign_in, seen, fits=number == 7, token=f"g{number}", **facts))
        for number in range(9)
    ]
    assert told == ["wrong"] * 4 + ["locked"] * 5


def test_counted_failures_are_forgotten_with_a_success(store: Store, wang: Actor) -> None:
    for _ in range(3):
        for _ in range(4):
            assert why(knock(store, password="wrong-password")) == "wrong"
        assert why(knock(store, token=f"t{len(verbs(store))}")) == "in"


def test_names_that_nobody_tries_any_more_do_not_fill_the_table(store: Store, wang: Actor) -> None:
    for number in range(20):
        knock(store, f"nobody{number}", "x")
    knock(store, "another", "x", now=later(days=2))
    assert len(store.read(lambda tx: tx.execute(select(failures)).all())) == 1


def test_a_session_ends_when_idle_and_when_old_however_busy(store: Store, wang: Actor) -> None:
    entered = knock(store)
    assert isinstance(entered, SignedIn)
    assert store.read(queries.session_of, "t1", idle=IDLE, now=later(minutes=30)) is None
    for half_hours in range(1, 40):
        moment = later(minutes=20 * half_hours)
        live = store.read(queries.session_of, "t1", idle=IDLE, now=moment)
        assert (live is not None) == (moment < later(hours=12)), moment
        store.write(service.seen_again, entered.session_id, now=moment)


def test_signing_out_ends_this_session_alone(store: Store, wang: Actor) -> None:
    first, _ = knock(store), knock(store, token="t2")
    assert isinstance(first, SignedIn)
    store.write(service.sign_out, first.session_id, actor=wang, now=NOW)
    assert store.read(queries.session_of, "t1", idle=IDLE, now=NOW) is None
    assert store.read(queries.session_of, "t2", idle=IDLE, now=NOW) is not None


def test_who_leaves_is_out_at_once(store: Store, wang: Actor) -> None:
    knock(store)
    store.write(people.leave, wang.person_id or 0, actor=SYSTEM, now=NOW)
    assert store.read(queries.session_of, "t1", idle=IDLE, now=NOW) is None
    assert store.read(lambda tx: tx.execute(select(sessions.c.ended_why)).scalar_one()) == "left"
    assert why(knock(store, token="t2")) == "wrong"
    with pytest.raises(Conflict, match="has left"):
        give(store, wang)


def test_an_account_locked_by_an_administrator_is_out_and_stays_out(store: Store, wang: Actor) -> None:
    knock(store)
    store.write(service.bar, wang.person_id or 0, reason="调查", actor=SYSTEM, now=NOW)
    assert store.read(queries.session_of, "t1", idle=IDLE, now=NOW) is None
    assert why(knock(store, token="t2", now=later(days=400))) == "barred"
    assert why(knock(store, password="wrong-password", token="t2")) == "wrong"
    store.write(service.unbar, wang.person_id or 0, actor=SYSTEM, now=NOW)
    assert why(knock(store, token="t3")) == "in"
    stranger = hire(store, "hy00002")
    with pytest.raises(NotFound):
        store.write(service.bar, stranger.person_id or 0, reason="", actor=SYSTEM, now=NOW)


def test_wrong_passwords_of_others_do_not_throw_out_who_is_in(store: Store, wang: Actor) -> None:
    knock(store)
    for _ in range(6):
        knock(store, password="wrong-password", token="t2")
    assert store.read(queries.session_of, "t1", idle=IDLE, now=NOW) is not None


def test_a_new_password_ends_the_other_sessions_and_only_the_new_one_works(store: Store, wang: Actor) -> None:
    mine, _ = knock(store), knock(store, token="t2")
    assert isinstance(mine, SignedIn)
    seen = store.read(queries.standing_of, "hy00001", now=NOW)
    changed: dict[str, Any] = {"keep_session": mine.session_id, "actor": wang, "now": NOW}
    fresh = HASHING.hash("another good one")
    store.write(service.change_password, wang.person_id or 0, seen_hash=seen.hash, new_hash=fresh, **changed)
    assert store.read(queries.session_of, "t1", idle=IDLE, now=NOW) is not None
    assert store.read(queries.session_of, "t2", idle=IDLE, now=NOW) is None
    assert why(knock(store, token="t3")) == "wrong"
    assert why(knock(store, password="another good one", token="t3")) == "in"
    with pytest.raises(Conflict, match="in the meantime"):
        store.write(
            service.change_password, wang.person_id or 0, seen_hash=seen.hash, new_hash=fresh, **changed
        )


def test_a_password_changed_between_comparing_and_writing_opens_nothing(store: Store, wang: Actor) -> None:
    seen = store.read(queries.standing_of, "hy00001", now=NOW)
    give(store, wang, password="another good one")
    found = store.write(
        service.record_sign_in, seen, fits=True, token="t1", knock=Knock(), settings=QUICK, now=NOW
    )
    assert why(found) == "changed"


def test_a_hash_made_with_old_parameters_is_made_anew_at_the_next_sign_in(store: Store, wang: Actor) -> None:
    stronger = Hashing(QUICK.model_copy(update={"passes": 2}))
    seen = store.read(queries.standing_of, "hy00001", now=NOW)
    assert seen.hash is not None
    assert (stronger.outdated(seen.hash), HASHING.outdated(seen.hash)) == (True, False)
    store.write(
        service.record_sign_in,
        seen,
        fits=stronger.fits(seen.hash, PASSWORD),
        new_hash=stronger.hash(PASSWORD),
        token="t1",
        knock=Knock(),
        settings=QUICK,
        now=NOW,
    )
    kept = store.read(queries.standing_of, "hy00001", now=NOW).hash
    assert kept is not None
    assert not stronger.outdated(kept)


@pytest.mark.parametrize(
    ("password", "flaw"),
    [
        ("short-one", "too_short"),
        ("短" * 9, "too_short"),
        ("x" * 201, "too_long"),
        ("password123", "too_common"),
        ("Password!!2024", "too_common"),
        ("ｐａｓｓｗｏｒｄ１２３", "too_common"),
        ("1234567890", "too_common"),
        ("woainiwoaini", "too_common"),
        ("aaaaaaaaaaaa", "too_plain"),
        ("abababababab", "too_plain"),
        ("abcdefghijkl", "too_plain"),
        ("my-HY00001-key", "holds_account"),
        ("王伟的密码很长很长很长", "holds_account"),
        ("tab\tin the middle", "control"),
    ],
)
def test_a_password_that_anybody_would_guess_is_refused_in_both_languages(password: str, flaw: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_password(password, account="hy00001", name="王伟", least=10)
    assert caught.value.data["flaw"] == flaw
    assert caught.value.data["zh"] != caught.value.data["en"]


@pytest.mark.parametrize(
    "password", [PASSWORD, "correct horse battery", "长江后浪推前浪再见", "Tr0ub4dor&3x"]
)
def test_a_good_password_is_taken_whatever_it_is_made_of(password: str) -> None:
    least = 10 if len(password) >= 10 else 8
    check_password(password, account="hy00001", name="王伟", least=least)
    assert HASHING.fits(HASHING.hash(password), password)
    assert not HASHING.fits(HASHING.hash(password), password + " ")
    assert not HASHING.fits("not a hash", password)
