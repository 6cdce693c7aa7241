"""Faults in time, absence, forms, definitions and what is told: F26–F48."""

from __future__ import annotations

from tests.faults.plan import APPROVALS, CORE, Fault, in_core

TALKS, TIME = "test_talk_and_reading.py", "test_time_and_absence.py"
FORMS = "test_forms_in_motion.py"
PROXIES = f"{CORE}/people/test_proxies.py"
DELEGATIONS = "approval_core/people/rules/delegations.py"

OFFICES: tuple[Fault, ...] = (
    Fault(
        "F26", "approval_core/notices/urging.py", "if earliest > now:", "if False:",
        f"{CORE}/notices/test_urging.py::test_f26_too_soon_is_refused_and_says_when",
    ),
    Fault(
        "F26", "approval_core/notices/rules/urging.py", "number >= self.sms_from", "number > self.sms_from",
        f"{CORE}/notices/test_urging_rules.py::test_f26_the_second_urge_goes_by_sms_where_that_is_allowed",
    ),
    in_core(
        "F27", "talking.py", "if any(one.asked_id == to_id for one in waiting):", "if False:",
        f"{TALKS}::test_f27_one_question_at_a_time_and_one_answer",
    ),
    in_core(
        "F28", "commenting.py", "stranger = person_id not in participants(tx, matter.id)", "stranger = False",
        f"{TALKS}::test_f28_whoever_is_named_is_told_once_and_a_stranger_gets_a_copy",
    ),
    Fault(
        "F28", "approval_core/files/rules/names.py", "seen[name] = seen.get(name, 0) + 1", "seen[name] = 1",
        f"{CORE}/files/test_attachments.py::test_f28_two_files_of_one_name_and_one_content_lie_on_a_draft",
    ),
    Fault(
        "F29", "approval_core/files/service.py", "if actor.person_id != decision.person_id:", "if False:",
        f"{CORE}/files/test_attachments.py::test_f29_nobody_signs_another_persons_decision_or_one_that_does_not_stand",
    ),
    Fault(
        "F29", "approval_core/files/service.py", "\\n{decision_id}\\n{content_hash}\\n", "\\n{content_hash}\\n",
        f"{CORE}/files/test_attachments.py::test_f29_a_signature_is_bound_to_the_decision_and_what_was_decided_on",
    ),
    in_core(
        "F30", "batch.py", "return Answer(item.task_id, None, refusal.code,", "raise\n        return Answer(item.task_id, None, refusal.code,",
        "test_batch.py::test_f30_each_item_has_its_answer_and_a_refused_one_spoils_no_other",
    ),
    in_core(
        "F31", "reading.py", "    inbox.close_copy(tx, request_id, actor.person_id, now=now)\n", "",
        f"{TALKS}::test_f31_a_copy_is_done_by_reading",
    ),
    in_core(
        "F32", "filing.py", "if other.state != \"active\" or actor.person_id not in secretaries | clerks:", "if False:",
        "test_filing.py::test_f32_a_secretary_files_for_her_leader_and_both_are_on_record",
    ),
    in_core(
        "F32", "drafts.py", "    submitted = filing.file(tx, what, actor=actor, now=now)\n    tx.run(_DELETE, of_draft=draft_id)\n", "    submitted = filing.file(tx, what, actor=actor, now=now)\n",
        "test_drafts.py::test_f32_submitted_it_is_a_request_and_no_draft_any_more",
    ),
    in_core(
        "F33", "stepping.py", "        ladder.stop(tx, task_id, revision, now=now)\n", "",
        f"{TIME}::test_f33_a_task_that_lies_is_over_its_time_and_the_alarm_ends_with_the_decision",
    ),
    in_core(
        "F34", "deadlines.py", 'case "transfer_up":', 'case "nothing":',
        f"{TIME}::test_f34_the_time_over_it_goes_one_level_up",
    ),
    in_core(
        "F34", "deadlines.py", 'effects.end_step(journey, settled, "rejected")', 'effects.end_step(journey, settled, "approved")',
        f"{TIME}::test_f34_the_time_over_refuses_closes_or_reminds_and_approves_nothing",
    ),
    Fault(
        "F35", DELEGATIONS, "LONGEST_CHAIN = 3", "LONGEST_CHAIN = 4",
        f"{PROXIES}::test_f35_what_is_given_goes_through_three_hands_and_no_further",
    ),
    Fault(
        "F35", DELEGATIONS, "abs(amount) <= yuan(ceiling_fen)", "abs(amount) < yuan(ceiling_fen)",
        f"{PROXIES}::test_f35_a_ceiling_covers_sums_up_to_itself_and_nothing_without_a_sum",
    ),
    Fault(
        "F35", DELEGATIONS, "return not types or wanted in types", "return True",
        f"{PROXIES}::test_f35_the_period_is_half_open_and_the_type_is_kept_through_every_hand",
    ),
    in_core(
        "F36", "handover.py", 'or_(tasks.c.state == "open", tasks.c.state == "waiting")', 'tasks.c.state == "open"',
        "test_handover.py::test_f36_open_tasks_and_those_that_wait_for_their_turn_go_with_one_reason",
    ),
    in_core(
        "F36", "opening.py", "people.is_away(", "people.is_absent(",
        "machine/test_kept_examples.py::test_f36_what_lies_with_somebody_who_left_is_an_alarm",
    ),
    Fault(
        "F37", "approval_core/people/queries/proposals.py", "if not closes_a_loop(tie, ties):", "if tie:",
        f"{PROXIES}::test_f37_nobody_is_proposed_who_is_away_himself_or_would_close_a_circle",
    ),
    in_core(
        "F38", "rules/blocks.py", "return min(int(join), running)", "return running",
        "test_routes.py::test_f38_a_join_of_one_or_of_n_ends_the_branches_that_are_not_needed",
    ),
    in_core(
        "F38", "choosing.py", 'if kind == "choice":', 'if kind == "nothing":',
        "test_fine_points.py::test_f38_of_two_true_branches_of_a_choice_the_first_is_taken",
    ),
    in_core(
        "F38", "walking.py", 'row.state == "done" and row.at ==', 'row.state == "done" or row.at ==',
        "machine/test_kept_examples.py::test_f38_a_detour_in_a_branch_is_no_finished_branch",
    ),
    Fault(
        "F39", "approval_core/definitions/rules/forms.py", 'given[name] not in ("write", "required")', "given[name] is None",
        f"{APPROVALS}/{FORMS}::test_f39_an_approver_writes_the_fields_of_his_step_and_no_other",
    ),
    in_core(
        "F40", "contents.py", "old=before.get(name)", "old=after.get(name)",
        f"{FORMS}::test_f40_who_changed_which_field_in_which_step_from_what_to_what",
    ),
    in_core(
        "F41", "filing.py", "type_version_id=checked.version.id", "type_version_id=checked.version.id + 1",
        "test_filing.py::test_f41_a_running_request_stays_on_its_version",
    ),
    in_core(
        "F42", "foreseeing.py", 'return "stops", choice.reason', 'return "skipped", choice.reason',
        "test_preview.py::test_f42_a_gap_is_shown_with_its_reason_and_what_happens_then",
    ),
    Fault(
        "F43", "approval_core/definitions/rules/shapes.py", "    zh: Text200\n    en: Text200\n", '    zh: Text200\n    en: Text200 = "-"\n',
        f"{APPROVALS}/test_shown_and_recorded.py::test_f43_a_type_speaks_both_languages_or_is_refused",
    ),
    Fault(
        "F44", "approval_core/definitions/rules/forms.py", "if place in field.show and", "if",
        f"{APPROVALS}/test_shown_and_recorded.py::test_f44_only_what_is_marked_and_not_sensitive_is_told_by_sms",
    ),
    Fault(
        "F45", "approval_core/sheets/export.py", "if _FORMULA.match(text) and", "if False and",
        f"{CORE}/sheets/test_export.py::test_f45_a_formula_in_a_cell_stays_a_text",
    ),
    Fault(
        "F46", "approval_core/statistics/rules.py", "ordered[-(-9 * count // 10) - 1]", "ordered[-1]",
        f"{CORE}/statistics/test_statistics.py::test_f46_median_and_p90",
    ),
    in_core(
        "F47", "recording.py", '    stepping.tell(tx, matter, "approval.decided", decision_id=decision_id, task_id=task_id, now=now)\n', "",
        "test_ends.py::test_f47_every_change_of_state_is_told_once_and_in_order",
    ),
    in_core(
        "F48", "recording.py", '        actor=actor,\n        verb="decided",', '        actor="system",\n        verb="decided",',
        "test_shown_and_recorded.py::test_f48_the_trail_names_who_acted_in_whose_name_and_through_which_door",
    ),
)  # fmt: skip
