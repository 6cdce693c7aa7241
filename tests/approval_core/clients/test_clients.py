from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from approval_core.audit.models import Entry
from approval_core.clients import queries, rules, service
from approval_core.clients.models import client_keys
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound, OfficeError
from approval_core.store import Store

NOW = datetime(2026, 5, 6, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def refusal(call: Callable[[], Any]) -> OfficeError:
    with pytest.raises(OfficeError) as raised:
        call()
    return raised.value


@pytest.fixture
def key(store: Store) -> str:
    return store.write(
        service.add, "ctais", scopes=["approvals"], callback_prefixes=["https://A.example/cb"], now=NOW
    )


def knows(store: Store, key: str, now: datetime = NOW) -> bool:
    try:
        return store.read(queries.authenticate, key, now=now).name == "ctais"
    except Forbidden as refused:
        return refused.code != "bad_key"


def test_a_new_client_gets_a_key_that_names_it_and_says_what_it_may(store: Store, key: str) -> None:
    assert re.fullmatch(r"pk_[A-Za-z0-9_-]{43}", key)
    card = store.read(queries.authenticate, key, now=NOW)
    assert (card.name, card.scopes, card.callback_prefixes) == (
        "ctais",
        ("approvals",),
        ("https://a.example/cb",),
    )
    assert queries.has(card, "approvals")
    assert not queries.has(card, "hold")
    assert store.read(queries.client_by_id, card.id) == card
    assert store.read(queries.all_clients) == [card]


def test_the_store_never_holds_the_key_nor_the_audit_key_or_secret(store: Store, key: str) -> None:
    secret = store.read(queries.secret, "ctais")
    kept = store.read(lambda tx: repr(tx.execute(select(client_keys)).all()))
    told = store.read(lambda tx: repr(tx.execute(select(Entry.__table__)).all()))  # type: ignore[attr-defined]  # SQLModel sets it
    assert key not in kept + told
    assert key[3:] not in kept + told
    assert "client.added" in told
    assert secret not in told


def test_what_is_not_a_key_gets_the_one_answer(store: Store, key: str) -> None:
    for other in ("", "pk_", "pk_" + "A" * 43, key.upper(), key + " ", "键" * 20, "\ud800", "x" * 100_000):
        assert not knows(store, other)


def test_an_old_key_works_until_the_overlap_is_over(store: Store, key: str) -> None:
    new = store.write(service.rotate_key, "ctais", overlap=HOUR, now=NOW)
    assert knows(store, new)
    assert knows(store, key)
    assert not knows(store, key, NOW + HOUR)
    assert knows(store, new, NOW + HOUR)


def test_a_second_rotation_does_not_lengthen_the_life_of_the_first_key(store: Store, key: str) -> None:
    second = store.write(service.rotate_key, "ctais", overlap=HOUR, now=NOW)
    third = store.write(service.rotate_key, "ctais", overlap=10 * HOUR, now=NOW)
    assert [knows(store, one, NOW + 2 * HOUR) for one in (key, second, third)] == [False, True, True]
    store.write(service.rotate_key, "ctais", overlap=timedelta(0), now=NOW + 2 * HOUR)
    assert not knows(store, second, NOW + 2 * HOUR)


def test_a_revoked_client_is_out_at_once_and_comes_back_with_a_new_key(store: Store, key: str) -> None:
    store.write(service.rotate_key, "ctais", overlap=HOUR, now=NOW)
    assert store.write(service.revoke, "ctais", now=NOW) == 2
    assert not knows(store, key)
    assert store.write(service.revoke, "ctais", now=NOW) == 0
    assert knows(store, store.write(service.rotate_key, "ctais", overlap=HOUR, now=NOW))
    assert not knows(store, key)


def test_a_paused_client_waits_outside(store: Store, key: str) -> None:
    store.write(service.pause, "ctais", now=NOW)
    assert not knows(store, key)
    store.write(service.resume, "ctais", now=NOW)
    assert knows(store, key)


def test_callbacks_are_signed_with_every_live_secret_the_newest_first(store: Store, key: str) -> None:
    old = store.read(queries.secret, "ctais")
    assert len(base64.b64decode(old.removeprefix("whsec_"), validate=True)) == 32
    new = store.write(service.rotate_secret, "ctais", overlap=HOUR, now=NOW)
    assert store.read(queries.secret, "ctais") == new != old
    assert store.read(queries.live_secrets, "ctais", NOW) == [new, old]
    assert store.read(queries.live_secrets, "ctais", NOW + HOUR) == [new]


def test_an_unknown_scope_is_refused_with_the_known_ones(store: Store) -> None:
    refused = refusal(lambda: store.write(service.add, "ctais", scopes=["approvals", "root"], now=NOW))
    assert isinstance(refused, Invalid)
    assert (refused.code, refused.data["known"]) == ("unknown_scope", ["approvals", "hold"])


@pytest.mark.parametrize("name", ["", "a", "A1", "-ab", "_ab", "a b", "税务", "a" * 48, "ab\n"])
def test_a_client_is_called_by_a_plain_name(name: str) -> None:
    refused = refusal(lambda: rules.client_name(name))
    assert (type(refused), refused.code) == (Invalid, "bad_name")


def test_a_client_with_a_bad_name_or_prefix_is_not_added(store: Store) -> None:
    assert refusal(lambda: store.write(service.add, "A b", scopes=[], now=NOW)).code == "bad_name"
    prefixes = ["https://a.example/", "https://u@b.example/"]
    work = lambda: store.write(service.add, "ok", scopes=[], callback_prefixes=prefixes, now=NOW)  # noqa: E731  # one call to refuse
    assert refusal(work).code == "bad_prefix"
    assert store.read(queries.all_clients) == []


def test_a_name_is_given_once(store: Store, key: str) -> None:
    refused = refusal(lambda: store.write(service.add, "ctais", scopes=[], now=NOW))
    assert (type(refused), refused.code) == (Conflict, "client_exists")
    assert knows(store, key)


def test_nothing_is_done_for_a_client_that_is_not_there(store: Store) -> None:
    for work in (
        lambda: store.write(service.rotate_key, "nobody", overlap=HOUR, now=NOW),
        lambda: store.write(service.rotate_secret, "nobody", overlap=HOUR, now=NOW),
        lambda: store.write(service.revoke, "nobody", now=NOW),
        lambda: store.read(queries.secret, "nobody"),
        lambda: store.read(queries.live_secrets, "nobody", NOW),
        lambda: store.read(queries.client_by_id, 999_999),
    ):
        assert isinstance(refusal(work), NotFound)


def test_an_overlap_into_the_past_is_refused(store: Store, key: str) -> None:
    assert (
        refusal(lambda: store.write(service.rotate_key, "ctais", overlap=-HOUR, now=NOW)).code
        == "bad_overlap"
    )
