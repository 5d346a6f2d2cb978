"""Planted bugs that the simulator must catch: in the pace, in pauses, and in what goes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import importer.api.client
import importer.ledger.ledger
import importer.posting.session
from importer import outcomes
from importer.api import Partner, TokenSource
from importer.api.connection import AnswerLost
from importer.ledger import Ledger
from importer.model import NotTaken, NotTakenCause, Unknown
from importer.pacing import Pace, Slot
from importer.pipeline import sending
from tests.chaos.planted import bug

if TYPE_CHECKING:
    from importer.api import Token
    from importer.api.connection import Reply
    from importer.model import Outcome
    from tests.chaos.planted import Replace


@bug("lost-answer-resent")
def lost_answer_resent(replace: Replace) -> None:
    """No answer counts as not taken."""
    outcome_of_reply = Partner._outcome_of  # noqa: SLF001 - what is made wrong here

    def hopeful(self: Partner, reply: Reply, token: Token) -> Outcome:
        if isinstance(reply, AnswerLost):
            return NotTaken(cause=NotTakenCause.NO_CONNECTION, reason=reply.reason)
        return outcome_of_reply(self, reply, token)

    replace(Partner, "_outcome_of", hopeful)


@bug("5xx-resent")
def server_error_resent(replace: Replace) -> None:
    """A server error counts as not taken, as it does for most clients of most APIs."""
    judge = outcomes.outcome_of

    def hopeful(answer: outcomes.Answer, **told: Any) -> Outcome:
        outcome = judge(answer, **told)
        if isinstance(outcome, Unknown) and answer.status >= 500:
            return NotTaken(cause=NotTakenCause.UNAVAILABLE, http_status=answer.status)
        return outcome

    replace(importer.api.client, "outcome_of", hopeful)


@bug("401-resent-without-limit")
def refused_token_renewed_for_ever(replace: Replace) -> None:
    """A refused token is dropped, however new it is and however often that happens."""

    def refused(self: TokenSource, token: Token) -> None:
        if self._token is token:
            self._token = None

    replace(TokenSource, "refused", refused)


@bug("retry-after-ignored")
def retry_after_ignored(replace: Replace) -> None:
    """A 429 is waited for as long as we think fit."""
    replace(outcomes, "_pause_of", lambda *_: None)


class TokenBucket(Pace):
    """Saves up what was not used: a whole window's worth may leave at once."""

    burst = 10

    def reserve(self, now_s: float) -> Slot:
        """Return the next slot, in the past as long as there are tokens."""
        slot = Slot(max(now_s, self.next_free_s - (self.burst - 1) * self.gap_s))
        self.next_free_s = max(now_s, self.next_free_s) + self.gap_s
        return slot

    def leave(self, slot: Slot, now_s: float) -> bool:
        """Let it go when its time has come."""
        return now_s >= slot.at_s


@bug("token-bucket-burst")
def token_bucket_burst(replace: Replace) -> None:
    """The pace is a token bucket: right on average, wrong in a window."""
    replace(importer.posting.session, "Pace", TokenBucket)


@bug("limiter-lost-on-restart")
def limiter_lost_on_restart(replace: Replace) -> None:
    """A new process waits for nothing that an earlier one owes."""
    replace(sending, "owed_waits", lambda _: (0.0, 0.0))


@bug("pause-lost-on-restart")
def pause_lost_on_restart(replace: Replace) -> None:
    """A pause that the server asked for ends with the process."""
    replace(Ledger, "remember_pause", lambda *_: None)


@bug("last-request-of-a-killed-process-forgotten")
def last_request_forgotten(replace: Replace) -> None:
    """What a killed process sent after its last commit counts for nothing."""
    replace(importer.ledger.ledger, "_note_lost_request", lambda *_: None)
