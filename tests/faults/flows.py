"""Faults in the rules of deciding and of moving on: F1–F25."""

from __future__ import annotations

from tests.faults.plan import CORE, Fault, in_core

MOVES, STEPS, ROUTES = "rules/moves.py", "test_steps.py", "test_routes.py"
FILED, HANDS = "test_filing.py", "test_other_hands.py"
KEPT, FINE = "machine/test_kept_examples.py", "test_fine_points.py"
RESOLVING = f"{CORE}/people/test_resolving.py"

FLOWS: tuple[Fault, ...] = (
    in_core(
        "F01", "deciding.py", 'if task.mode == "any":', 'if task.mode == "nobody":',
        f"{FINE}::test_f01_while_the_first_decision_is_in_hold_the_others_are_off_their_lists",
    ),
    in_core(
        "F01", MOVES, 'return "open" if not decided else (', 'return "open" if None in verdicts else (',
        f"{STEPS}::test_f01_or_sign_the_first_decision_closes_the_step_for_all",
    ),
    in_core(
        "F01", "settling.py", 'if above.mode == "any" and', 'if above.mode == "nobody" and',
        f"{KEPT}::test_f01_whoever_waits_for_his_advisers_is_asked_no_more_once_a_colleague_has_decided",
    ),
    in_core(
        "F02", MOVES, "not (collect_all and None in verdicts)", "True",
        f"{ROUTES}::test_f02_a_counter_sign_that_collects_hears_everybody_before_a_no_counts",
    ),
    in_core(
        "F02", MOVES, 'if verdicts and all(verdict == "approve"', 'if verdicts and any(verdict == "approve"',
        f"{STEPS}::test_f02_counter_sign_passes_when_all_approved",
    ),
    in_core(
        "F02", "votes.py", 'decisions.c.state == "effective",', 'decisions.c.state != "undone",',
        f"{FINE}::test_f02_a_yes_in_hold_is_not_counted_yet",
    ),
    in_core(
        "F03", "activating.py", 'waiting[:1] if mode == "sequence" else waiting', "waiting",
        f"{STEPS}::test_f03_sequential_sign_asks_the_next_only_after_the_one_before",
    ),
    in_core(
        "F03", "settling.py", "        ask_the_next(journey, above)\n", "",
        f"{KEPT}::test_f03_the_next_of_a_sequence_is_asked_when_those_added_after_the_first_have_approved",
    ),
    in_core(
        "F04", MOVES, "if approving * 100 >= needed:", "if approving * 100 > needed:",
        f"{STEPS}::test_f04_a_vote_passes_at_the_threshold_by_weight",
    ),
    in_core(
        "F04", MOVES, "if (total - refusing) * 100 < needed else", "if total == refusing else",
        f"{STEPS}::test_f04_a_vote_fails_as_soon_as_the_threshold_is_out_of_reach",
    ),
    in_core(
        "F05", "handing.py", 'new_state="over",\n        closed=now,', 'new_state="open",\n        closed=now,',
        f"{HANDS}::test_f05_one_takes_it_from_the_pool_and_gives_it_back",
    ),
    in_core(
        "F05", "handing.py", 'if not step_block(journey, task).get("claim", False):', "if False:",
        f"{HANDS}::test_f05_what_is_no_pool_is_not_taken_and_what_nobody_took_is_not_given_back",
    ),
    in_core(
        "F06", "activating.py", "people.org_revision(journey.tx)", "0",
        f"{FILED}::test_f06_whoever_is_head_when_the_step_is_reached_is_asked_with_the_reason",
    ),
    Fault(
        "F06", "approval_core/people/queries/naming.py", "if level > len(above):", "if level < 0:",
        f"{RESOLVING}::test_f06_the_nth_manager_is_counted_from_where_the_applicant_stands",
    ),
    Fault(
        "F07", "approval_core/people/queries/naming.py", "RANKS[: RANKS.index(until) + 1]", "RANKS[: RANKS.index(until)]",
        f"{RESOLVING}::test_f07_managers_are_asked_in_turn_up_to_a_rank_or_a_role",
    ),
    Fault(
        "F08", "approval_core/people/rules/heads.py", 'return "deputy" if seat.is_deputy else None', "return None",
        f"{RESOLVING}::test_f08_a_vacant_head_is_answered_by_the_acting_one_a_deputy_then_the_unit_above",
    ),
    in_core(
        "F09", "choosing.py", 'block.get("when_empty", "block")', '"skip"',
        f"{FILED}::test_f09_a_step_without_anybody_is_blocked_with_an_alarm_and_never_passed",
    ),
    in_core(
        "F09", "stepping.py", "        unblocked(tx, step.id, now=now)\n\n\ndef void_open_tasks", "        pass\n\n\ndef void_open_tasks",
        f"{KEPT}::test_f09_a_blocked_step_s_alarm_ends_with_the_request",
    ),
    in_core(
        "F10", "choosing.py", 'merge == "route" or one.position == last', "True",
        f"{FILED}::test_f10_adjacent_does_not_reach_over_a_step_and_none_asks_each_time",
    ),
    in_core(
        "F10", "merging.py", 'if block["mode"] == "any":', 'if block["mode"] == "nobody":',
        f"{KEPT}::test_f10_two_who_approved_before_are_one_decision_of_an_or_sign",
    ),
    in_core(
        "F11", "choosing.py", "one for one in choice.people if one.person_id != applicant)", "one for one in choice.people)",
        f"{FILED}::test_f11_an_applicant_s_own_step_goes_one_level_up",
    ),
    in_core(
        "F12", "choosing.py", "    if barred:\n", "    if not choice.people:\n",
        f"{FILED}::test_f12_whoever_decided_one_step_is_not_asked_in_the_other",
    ),
    in_core(
        "F12", "checks.py", "if actor.person_id is not None and apart.bars(actor.person_id, unit_id):", "if False:",
        f"{FILED}::test_f12_is_held_again_when_somebody_decides",
    ),
    in_core(
        "F13", "walking.py", 'activating.send_copies(journey, block["to"], place=str(block["copy"]))', "return False",
        f"{FILED}::test_f13_copies_go_out_at_their_place_once_and_block_nothing",
    ),
    in_core(
        "F14", "checks.py", "if verdict in wanted and not comment.strip():", "if False:",
        f"{FILED}::test_f14_a_reason_is_due_where_the_step_says_so",
    ),
    in_core(
        "F15", "returning.py", 'if resume == "back":', 'if resume == "replay":',
        f"{ROUTES}::test_f15_back_asks_the_chosen_step_only_and_then_who_sent_it_back",
    ),
    in_core(
        "F15", "returning.py", "if target not in possible:", "if False:",
        f"{ROUTES}::test_f15_a_step_beside_yours_or_ahead_of_it_is_no_earlier_step",
    ),
    in_core(
        "F15", "returning.py", "(last or not row.sequence.startswith(inside))", "False",
        f"{FINE}::test_f15_a_return_out_of_branches_leaves_one_thread",
    ),
    in_core(
        "F16", "settling.py", 'if settled == "rejected" and decision.on_reject == "previous":', "if False:",
        f"{ROUTES}::test_f16_a_rejection_may_mean_the_step_before",
    ),
    in_core(
        "F17", "submitting.py", "revision=requests.c.revision + 1", "revision=requests.c.revision",
        "test_ends.py::test_f17_new_content_is_a_new_revision_and_voids_what_was_asked",
    ),
    in_core(
        "F18", "handing.py", '    leave(journey, task, state="moved")\n', "",
        f"{HANDS}::test_f18_the_other_decides_and_the_first_is_out",
    ),
    in_core(
        "F19", "settling.py", 'if decision.placed == "after":', 'if decision.placed != "before":',
        f"{HANDS}::test_f19_an_opinion_decides_nothing_and_the_asker_decides_afterwards",
    ),
    in_core(
        "F20", "votes.py", 'row.verdict != "approve" or row.after in (None, "approved", "void")', "True",
        f"{HANDS}::test_f20_an_approval_counts_when_those_added_after_it_have_approved",
    ),
    in_core(
        "F20", "votes.py", 'return "reject" if row.after == "rejected" else None', "return None",
        f"{HANDS}::test_f20_a_no_of_those_added_after_is_a_no_of_the_step",
    ),
    in_core(
        "F20", "adding.py", 'added = _join(journey, task, cards, why)', 'added = _step_of_their_own(journey, task, cards, "before", method, why)',
        f"{HANDS}::test_f20_whoever_is_added_beside_joins_the_step",
    ),
    in_core(
        "F21", "effects.py", "    _, state = _count(journey, left)\n", '    state = "pending"\n',
        f"{HANDS}::test_f21_the_last_one_awaited_is_taken_out_and_the_step_is_counted_at_once",
    ),
    in_core(
        "F21", "adding.py", 'if out.task_state not in ("open", "waiting"):', "if False:",
        f"{HANDS}::test_f21_who_has_acted_stays",
    ),
    in_core(
        "F22", "adding.py", "    if out:\n", "    if not cards:\n",
        f"{HANDS}::test_f22_people_are_added_only_from_the_range_that_the_step_names",
    ),
    in_core(
        "F23", "revoking.py", "if decided is not None:", "if False:",
        "test_revoking.py::test_f23_after_the_first_decision_only_where_the_type_allows_it",
    ),
    in_core(
        "F24", "after_a_step.py", "if seen is not None and seen >= task.opened_at:", "if False:",
        "test_take_back.py::test_f24_not_once_the_next_person_has_opened_it_and_he_is_named",
    ),
    in_core(
        "F24", "after_a_step.py", "        if decided is not None:\n            raise _acted(", "        if False:\n            raise _acted(",
        "test_take_back.py::test_f24_not_once_somebody_has_acted",
    ),
    in_core(
        "F25", "rules/rights.py", "return OPERATOR in grants", "return True",
        "test_overriding.py::test_f25_the_right_is_a_named_one",
    ),
    in_core(
        "F25", "officers.py", "if not reason.strip():", "if False:",
        "test_overriding.py::test_f25_without_the_right_or_a_reason_nothing_happens",
    ),
)  # fmt: skip
