"""In by the cookie door, and out again: over HTTP, through the whole application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from approval_core.audit.models import entries
from approval_core.clock import utc_now
from approval_core.people import service as people
from approval_core.people.accounts.models import failures, sessions
from approval_core.people.actor import SYSTEM
from approval_core.store import Tx
from gateway.serve import Site
from gateway.settings import load
from tests.gateway.conftest import register, running
from tests.mobile_api.browser import PASSWORD, Browser, give_password

At = Callable[..., Browser]
OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}


def _last_seen(tx: Tx, moment: datetime) -> None:
    tx.execute(update(sessions).values(seen_at=moment))


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_a_person_signs_in_sees_himself_and_signs_out(at: At) -> None:
    browser = at("hy00001", role="hr_clerk")
    me = browser.asks("/me")
    assert (me["account"], me["name"], me["csrf"], me["zone"]) == ("hy00001", "领导1", browser.csrf, "office")
    assert (me["roles"], me["leaders"], me["must_change"]) == (["hr", "hr_clerk", "person"], [], False)
    browser.does("/sign-out", status=204)
    assert code(browser.get("/api/v1/me")) == (401, "no_session")


def test_a_session_that_was_ended_is_worth_nothing_even_with_its_cookie_kept(at: At) -> None:
    browser = at("hy00001")
    kept = dict(browser.cookies)
    browser.does("/sign-out", status=204)
    thief = at()
    thief.cookies.update(kept)
    assert code(thief.get("/api/v1/me")) == (401, "no_session")


def test_the_cookie_is_for_the_browser_alone_and_only_under_tls_when_there_is_tls(site: Site, at: At) -> None:
    give_password(site.store, "hy00001")
    for headers, secure in (({}, False), ({"X-Forwarded-Proto": "https"}, True)):
        browser = at()
        answer = browser.signs_in("hy00001", **headers)
        said = answer.headers["set-cookie"].lower()
        assert "httponly" in said
        assert "samesite=lax" in said
        assert ("secure" in said) == secure
        assert answer.headers["cache-control"] == "no-store"


def test_a_wrong_password_and_a_stranger_hear_the_same_words(site: Site, at: At) -> None:
    give_password(site.store, "hy00001")
    told = []
    for account, password in (("hy00001", "not this one"), ("nobody", PASSWORD), ("hy00002", PASSWORD)):
        answer = at().signs_in(account, password)
        assert code(answer) == (401, "bad_sign_in")
        assert "set-cookie" not in answer.headers
        told.append({name: answer.json()[name] for name in ("title", "detail", "code")})
    assert told[0] == told[1] == told[2]


def test_five_wrong_passwords_lock_the_account_and_say_until_when(site: Site, at: At) -> None:
    give_password(site.store, "hy00001")
    browser = at()
    for _ in range(4):
        assert code(browser.signs_in("hy00001", "not this one")) == (401, "bad_sign_in")
    for password in ("not this one", PASSWORD):
        answer = browser.signs_in("hy00001", password)
        assert code(answer) == (403, "locked")
        assert answer.json()["until"] > utc_now().isoformat()
    site.store.write(lambda tx: tx.execute(update(failures).values(locked_until=utc_now())) and None)
    assert browser.signs_in("hy00001").status_code == 200


def test_a_change_without_the_token_of_this_session_is_refused(site: Site, at: At) -> None:
    mine, other = at("hy00001"), at("hy00002")
    for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": other.csrf}, {"X-CSRF-Token": "0" * 64}):
        assert code(mine.post("/api/v1/sign-out", headers=headers)) == (403, "bad_csrf")
    assert mine.asks("/me")["account"] == "hy00001"


def test_a_session_and_a_key_on_one_request_are_too_much(site: Site, at: At) -> None:
    browser = at("hy00001")
    with register(site, "erp") as system:
        headers = {"Authorization": f"Bearer {system.key}"}
        for path in ("/api/v1/me", "/systems/v1/approvals"):
            assert code(browser.get(path, headers=headers)) == (400, "two_credentials")
        assert code(system.http.get("/api/v1/me")) == (401, "no_session")
        assert code(browser.get("/systems/v1/approvals")) == (401, "no_key")


def test_from_outside_nobody_signs_in_and_no_session_works(site: Site, at: At) -> None:
    browser = at("hy00001")
    assert code(browser.get("/api/v1/me", headers=OUTSIDE)) == (403, "not_from_here")
    assert code(at().signs_in("hy00001", **OUTSIDE)) == (403, "not_from_here")
    assert browser.get("/healthz", headers=OUTSIDE).status_code == 200
    assert code(browser.get("/metrics", headers=OUTSIDE)) == (403, "not_from_here")


def test_another_site_cannot_sign_somebody_in(site: Site, at: At) -> None:
    give_password(site.store, "hy00001")
    assert code(at().signs_in("hy00001", **{"Sec-Fetch-Site": "cross-site"})) == (403, "other_site")


def test_signing_in_again_ends_the_session_this_browser_had(site: Site, at: At) -> None:
    browser = at("hy00001")
    kept = dict(browser.cookies)
    assert browser.signs_in("hy00001").status_code == 200
    assert dict(browser.cookies) != kept
    old = at()
    old.cookies.update(kept)
    assert code(old.get("/api/v1/me")) == (401, "no_session")


def test_a_session_ends_when_nobody_sits_there_any_more(site: Site, at: At) -> None:
    browser = at("hy00001")
    for back, status in ((timedelta(minutes=29), 200), (timedelta(minutes=31), 401)):
        site.store.write(_last_seen, utc_now() - back)
        assert browser.get("/api/v1/me").status_code == status
    seen = site.store.read(lambda tx: tx.execute(select(sessions.c.seen_at)).scalar_one())
    assert utc_now() - seen > timedelta(minutes=30), "a session that is over is not seen again"


def test_a_request_a_minute_later_keeps_the_session_alive(site: Site, at: At) -> None:
    browser = at("hy00001")
    before = utc_now() - timedelta(minutes=20)
    site.store.write(_last_seen, before)
    browser.asks("/me")
    assert site.store.read(lambda tx: tx.execute(select(sessions.c.seen_at)).scalar_one()) > before


def test_who_leaves_is_out_with_his_next_request(site: Site, at: At) -> None:
    browser = at("hy00001")
    me = browser.asks("/me")["id"]
    site.store.write(people.leave, me, actor=SYSTEM, now=utc_now())
    assert code(browser.get("/api/v1/me")) == (401, "no_session")
    assert code(at().signs_in("hy00001")) == (401, "bad_sign_in")


def test_a_password_given_by_somebody_else_opens_only_the_way_to_a_new_one(at: At) -> None:
    browser = at("hy00001", must_change=True)
    assert browser.asks("/me")["must_change"] is True
    assert code(browser.get("/api/v1/inbox")) == (403, "password_due")
    browser.does("/me/password", {"current": PASSWORD, "new": "a better one of mine"}, status=204)
    assert browser.asks("/inbox") == {"items": [], "next": None}
    assert at().signs_in("hy00001", "a better one of mine").json()["must_change"] is False


def test_a_new_password_ends_the_sessions_elsewhere(site: Site, at: At) -> None:
    here = at("hy00001")
    there = at()
    there.signs_in("hy00001")
    for body, refused in (
        ({"current": PASSWORD, "new": "password123"}, (422, "bad_password")),
        ({"current": PASSWORD, "new": PASSWORD}, (422, "bad_password")),
        ({"current": "not this one", "new": "a better one of mine"}, (403, "wrong_password")),
    ):
        answer = here.post("/api/v1/me/password", json=body, headers={"X-CSRF-Token": here.csrf})
        assert code(answer) == refused
    here.does("/me/password", {"current": PASSWORD, "new": "a better one of mine"}, status=204)
    assert here.asks("/me")["account"] == "hy00001"
    assert code(there.get("/api/v1/me")) == (401, "no_session")


def test_guessing_the_old_password_at_a_desk_left_open_locks_the_account_too(at: At) -> None:
    browser = at("hy00001")
    body = {"current": "not this one", "new": "a better one of mine"}
    answers = [
        browser.post("/api/v1/me/password", json=body, headers={"X-CSRF-Token": browser.csrf}).json()["code"]
        for _ in range(6)
    ]
    assert answers == ["wrong_password"] * 4 + ["locked"] * 2


def test_everything_about_an_account_is_in_the_trail(site: Site, at: At) -> None:
    browser = at("hy00001")
    at().signs_in("hy00001", "not this one")
    browser.does("/sign-out", status=204)
    trail = site.store.read(
        lambda tx: tx.execute(
            select(entries.c.actor, entries.c.verb, entries.c.thing)
            .where(entries.c.chain == "accounts")
            .order_by(entries.c.id)
        ).all()
    )
    assert [tuple(one) for one in trail] == [
        ("system", "password.set", "account:hy00001"),
        ("hy00001", "signed_in", "account:hy00001"),
        ("somebody", "sign_in.failed", "account:hy00001"),
        ("hy00001", "signed_out", "account:hy00001"),
    ]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"account": "hy00001"}', b'{"account": "\\u0000", "password": "x"}']
)
def test_what_cannot_be_read_is_said_so_and_nobody_is_in(at: At, body: bytes) -> None:
    answer = at().post("/api/v1/sign-in", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


def test_the_networks_of_the_office_are_the_settings(database_url: str, tmp_path: Any) -> None:
    networks = {"office": ["192.0.2.0/24"], "vpn": ["127.0.0.0/8"], "proxies": []}
    settings = load(database=database_url, port=0, secret_file=str(tmp_path / "s"), networks=networks)
    with running(settings) as site, Browser(site) as browser:
        give_password(site.store, "hy00001")
        browser.signs_in("hy00001", **OUTSIDE)  # nobody's word about a source is believed here
        assert browser.asks("/me")["zone"] == "vpn"
