"""What the page 单笔识别 remembers between two runs: the form, the result that is shown, and the link to it."""

from collections.abc import MutableMapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from classifier.engine import Classifier
from classifier.errors import ApplicationError, ReviewError
from classifier.records import Application, Prediction
from classifier.review import ReviewStore
from classifier.review.cases import Submission
from classifier.review.permissions import Actor
from classifier.web.single.pasted import Paste, on_assertion, read_paste
from classifier.web.single.question import supplements, without_answers

LINK = "result"
TYPED = tuple(field.name for field in fields(Paste) if field.name != "supplements")
_SHOWN, _SUPPLEMENTS, _FOLLOWS = "single_shown", "single_supplements", "single_follows"


def widget(name: str) -> str:
    """The key of the widget for one field of the form."""
    return f"single_{name}"


@dataclass(frozen=True, slots=True)
class Shown:
    """The result on the screen: whose it is, its link's token, the case it became, and whether its text is known."""

    owner: str
    token: str
    application: Application
    prediction: Prediction
    case_id: int | None = None
    text_kept: bool = True


class Sheet:
    """One person's form and result, kept in the session; ``address`` is the query part of the page's address."""

    def __init__(self, session: MutableMapping[Any, Any], address: MutableMapping[str, Any]) -> None:
        self._session = session
        self._address = address

    @property
    def shown(self) -> Shown | None:
        """The result on the screen."""
        found: Shown | None = self._session.get(_SHOWN)
        return found

    @property
    def supplements(self) -> tuple[str, ...]:
        """The answers that count with the text until they are withdrawn."""
        return tuple(self._session.get(_SUPPLEMENTS, ()))

    @property
    def follows(self) -> int | None:
        """The returned case that the form completes."""
        found: int | None = self._session.get(_FOLLOWS)
        return found

    def paste(self) -> Paste:
        """The form as it stands."""
        typed = {name: str(self._session.get(widget(name)) or "") for name in TYPED}
        return Paste(**typed, supplements=self.supplements)

    def fill(self, paste: Paste, follows: int | None = None) -> None:
        """Put texts into the form and take the old result away; only before the form is drawn."""
        for name in TYPED:
            self._session[widget(name)] = getattr(paste, name)
        self._session[_SUPPLEMENTS] = paste.supplements
        self._session[_FOLLOWS] = follows
        self._session[_SHOWN] = None
        self._address.pop(LINK, None)

    def answer(self, sentence: str) -> None:
        """Count one more sentence with the text."""
        self._session[_SUPPLEMENTS] = (*self.supplements, sentence)

    def withdraw(self, number: int) -> None:
        """Take one sentence back."""
        self._session[_SUPPLEMENTS] = tuple(one for place, one in enumerate(self.supplements) if place != number)

    def classify(self, store: ReviewStore, actor: Actor, classifier: Classifier, now: datetime) -> None:
        """Label what the form holds, keep the result under a link, and show it."""
        application = read_paste(self.paste(), now)
        prediction = classifier.predict(application)
        if self.supplements:
            prediction = on_assertion(prediction)
        token = store.keep_draft(actor, application, prediction)
        self._show(Shown(actor.name, token, application, prediction))

    def reopen(self, store: ReviewStore, actor: Actor) -> None:
        """Show the result that the address names, with its form; another person's result is taken off the screen."""
        token = str(self._address.get(LINK) or "")
        if self.shown is not None and self.shown.owner != actor.name:
            self.fill(Paste())
        elif self.shown is not None and token in ("", self.shown.token):
            self._address[LINK] = self.shown.token
            return
        if not token:
            return
        try:
            draft = store.draft(actor, token)
        except ReviewError:
            self._address.pop(LINK, None)
            raise
        self.fill(paste_of(draft.application))
        self._show(Shown(actor.name, token, draft.application, draft.prediction, draft.case_id, draft.text_kept))

    def submit(self, store: ReviewStore, actor: Actor) -> None:
        """Send the result on the screen to review, once."""
        shown = self.shown
        if shown is None or shown.case_id is not None:
            return
        amount = shown.application.amount
        case_id = store.submit(actor, Submission(shown.application, shown.prediction, amount, follows=self.follows))
        self._session[_FOLLOWS] = None
        self._show(replace(shown, case_id=case_id))

    def is_stale(self) -> bool:
        """Whether the form was changed since the result was made."""
        shown = self.shown
        if shown is None or not shown.text_kept:
            return False
        try:
            typed = read_paste(self.paste(), datetime.min)
        except ApplicationError:
            return True
        return replace(typed, id="") != replace(shown.application, id="")

    def _show(self, shown: Shown) -> None:
        self._session[_SHOWN] = shown
        self._address[LINK] = shown.token


def paste_of(application: Application) -> Paste:
    """The form that makes an application: its answers apart from its text."""
    own = without_answers(application)
    return Paste(
        description=own.description,
        name=own.name,
        purpose=own.purpose,
        scope=own.scope,
        industry=own.industry,
        amount="" if own.amount is None else f"{own.amount:f}",
        id=own.id,
        supplements=supplements(application),
    )
