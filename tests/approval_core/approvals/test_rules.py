"""The pure rules: content hash, fingerprints, and what a set of decisions means for a step."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from approval_core.approvals.rules import moves
from approval_core.approvals.rules.content import content_hash, field_digest, fields_of
from approval_core.approvals.rules.moves import Vote, outcome
from approval_core.approvals.rules.route import blocks_of, fingerprint, plan_of
from tests.factories import step, submission

VERDICTS = st.sampled_from([None, "approve", "reject", "return"])
MODES = st.sampled_from(["any", "all", "sequence", "vote"])


def test_the_content_hash_is_one_for_every_viewer_of_the_same_fields() -> None:
    fields = fields_of(type="GENERIC", title="a", summary="b", applicant="c", form={"x": 1, "y": [2]})
    salts = {name: name * 2 for name in fields}
    assert content_hash(fields, salts) == content_hash(dict(reversed(fields.items())), salts)


@given(st.sampled_from(["title", "summary", "applicant", "form.x"]), st.text(min_size=1))
def test_any_other_value_or_salt_is_another_hash(name: str, value: str) -> None:
    fields = fields_of(type="GENERIC", title="", summary="", applicant="", form={"x": ""})
    salts = dict.fromkeys(fields, "s")
    assert content_hash(fields | {name: value}, salts) != content_hash(fields, salts)
    assert field_digest("s", value) != field_digest("t", value)


def test_a_route_survives_its_way_through_json() -> None:
    plan = (step("a", ("b", 3), mode="vote", threshold=60), step("c"))
    assert plan_of(blocks_of(plan)) == plan


def test_the_fingerprint_knows_every_part_of_a_submission() -> None:
    base = fingerprint(submission(step("a")))
    others = [
        submission(step("b")), submission(step("a", mode="all")), submission(step("a"), title="x"), submission(step("a"), form={}),
        submission(step("a"), hold_seconds=1), submission(step("a"), sms=False), submission(step("a"), on_reject="return"),
        submission(step("a"), callback_url="http://127.0.0.1/"), submission(step("a"), applicant="x"), submission(step("a"), urgency=1),
    ]  # fmt: skip
    assert base == fingerprint(submission(step("a")))
    assert len({base, *map(fingerprint, others)}) == len(others) + 1


@given(MODES, st.lists(st.tuples(st.integers(1, 9), VERDICTS), min_size=1, max_size=6), st.integers(1, 100))
def test_a_settled_step_never_needs_another_decision(
    mode: str, cast: list[tuple[int, str | None]], threshold: int
) -> None:
    """Whatever the open ones would still say, a settled vote stays as it is (returns apart: they always win)."""
    votes = [Vote(weight, verdict) for weight, verdict in cast]
    settled = outcome(mode, votes, threshold=threshold)
    if mode == "vote" and settled in ("approved", "rejected"):
        for last in ("approve", "reject"):
            filled = [vote if vote.verdict else Vote(vote.weight, last) for vote in votes]
            assert outcome(mode, filled, threshold=threshold) == settled
    if all(vote.verdict for vote in votes):
        assert settled != "open"
    if not any(vote.verdict for vote in votes):
        assert settled == "open"


def test_a_tie_fails_the_vote() -> None:
    tied = [Vote(1, "approve"), Vote(1, "reject")]
    assert outcome("vote", tied, threshold=51) == "rejected"
    assert outcome("vote", tied, threshold=50) == "approved"


def test_what_a_verdict_leads_to_follows_on_reject() -> None:
    assert [moves.effect_of(verdict, "reject") for verdict in moves.VERDICTS] == [
        "approved",
        "rejected",
        "returned",
    ]
    assert [moves.effect_of(verdict, "return") for verdict in moves.VERDICTS] == [
        "approved",
        "returned",
        "returned",
    ]
