"""B7: a reply to several items. Each code is judged alone; where the words leave open which are meant, none is touched."""

from __future__ import annotations

import re

from approval_core.approvals.rules.floor import BATCH_FLOOR
from sms_modem.rules.reading import Reply, Verdict
from sms_modem.rules.situation import OpenPrompt, Situation
from sms_modem.rules.words import normalise

#: Named in the comment, but not as an answer: "Y7382和5946", "Y7382,其余5946先放".
NAMED_ASIDE = "B7 a code in the comment"
#: A yes to several whose comment picks out one or holds one back: "Y7382、5946同意,8264再看".
HELD_BACK = "B7 one held back"
#: This one is answered by itself: its floor or its amount is above what may be decided together with others.
ALONE = "B7 alone"

_RUNS = re.compile(r"(?<![0-9])[0-9]{4,6}(?![0-9])")
_PICKS_OUT = re.compile(r"[那这哪第另除只仅]|其[余他它]|[前后]者|[前后][一面]|有一|一[件个]")
_HOLDS_BACK = re.compile(
    r"[不没未勿莫缓暂等慢再但改退看]|(?<![特个分区类])别|(?<!优)先|(?<![招接对])待|商[量议]|协商|问[问清]|请问|BUT|NOT|WAIT|EXCEPT|ONLY"
)


def doubt_in(reply: Reply, situation: Situation) -> str | None:
    """Why the whole reply must be asked about, or None. A no is read more leniently than a yes, as everywhere (G10)."""
    if reply.verdict not in (Verdict.APPROVE, Verdict.REJECT) or not reply.comment:
        return None
    comment = normalise(reply.comment)
    if any(run not in reply.codes and situation.knows(run) for run in _RUNS.findall(comment)):
        return NAMED_ASIDE
    several = len(reply.codes) > 1 and reply.verdict is Verdict.APPROVE
    if several and (_PICKS_OUT.search(comment) or _HOLDS_BACK.search(comment)):
        return HELD_BACK
    return None


def must_stand_alone(prompt: OpenPrompt, reply: Reply) -> bool:
    """One of several codes in this reply, and not to be decided together with others."""
    return len(reply.codes) > 1 and (prompt.alone or prompt.floor > BATCH_FLOOR)
