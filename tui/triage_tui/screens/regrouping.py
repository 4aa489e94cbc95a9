"""Saying what belongs together: pick what to do, see what would come of it, and only then keep it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from triage.desk.decisions import Decision, decision
from triage.errors import UsageError
from triage.judgement.constraints import activities
from triage_tui.look import Look
from triage_tui.messages import ActivityTarget, AlertTarget, EntityTarget, JoinTarget, Target
from triage_tui.screens.dialogs import Ask, Option, Pick
from triage_tui.screens.paper import Paper, in_background
from triage_tui.sheets.base import ListSheet
from triage_tui.sheets.outlook import outlook_sheet

if TYPE_CHECKING:
    from triage.regroup.outlook import Outlook
    from triage.regrouping import Kept, Regrouping
    from triage_tui.screens.base import WorkScreen

Wish = Callable[["Regrouping"], Decision]

NOTHING_NAMED = "put the cursor on an activity or an alert, or mark some with x"
WISHES = (
    Option("s", "split off what is marked or under the cursor", "split"),
    Option("o", "move it to another incident", "move"),
    Option("g", "merge with another incident", "merge"),
    Option("x", "exclude an entity", "exclude"),
    Option("c", "let an entity join nothing", "constrain"),
    Option("i", "the same, within this incident only", "within"),
    Option("w", "what if something had not been there?", "whatif"),
)


class OutlookPaper(Paper):
    """What would come of a wish. Gives the decision to keep to ``keep``, which is None where there is none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("Y", "keep", "keep", show=False),
        Binding("N", "keep_noted", "keep with a reason", show=False),
    ]

    def __init__(
        self, found: "Outlook", wish: Decision | None, keep: Callable[[Decision], None] | None, look: Look
    ) -> None:
        hint = "Y keep it   N keep it with a reason" if wish and keep else ""
        super().__init__("Nothing is changed yet", hint, look)
        self._found = found
        self._wish = wish
        self._keep = keep

    def sheet(self, width: int) -> ListSheet:
        """Return now and then."""
        return outlook_sheet(self._found, self.look, width)

    def action_keep(self) -> None:
        """Keep it as it is."""
        self._with("")

    def action_keep_noted(self) -> None:
        """Ask why, and keep it."""
        if self._wish and self._keep:
            self.app.push_screen(Ask("Keep it because:", self.look), self._with)

    def _with(self, reason: str | None) -> None:
        if reason is None or self._wish is None or self._keep is None:
            return
        keep, wish = self._keep, self._wish.model_copy(update={"text": reason.strip()})
        self.dismiss(None)
        keep(wish)


class RegroupFlow:
    """Takes one screen through a regrouping; what takes a while is done in the background."""

    def __init__(self, screen: "WorkScreen") -> None:
        self._screen = screen

    def merge(self, incident_ids: Sequence[str]) -> None:
        """Show what would come of making some incidents one."""
        self._show(lambda regrouping: regrouping.merge(incident_ids))

    def ask(self, incident_id: str, target: Target | None, marked: Sequence[str]) -> None:
        """Ask what to do with an incident; ``target`` is under the cursor, ``marked`` are activities."""
        title = f"Regroup: {len(marked)} marked" if marked else "Regroup"
        pick = Pick(title, WISHES, self._screen.look)
        self._screen.app.push_screen(pick, lambda word: self._picked(word, incident_id, target, marked))

    def _picked(self, word: str | None, incident_id: str, target: Target | None, marked: Sequence[str]) -> None:
        entity = f"{target.kind}:{target.value}" if isinstance(target, EntityTarget) else ""
        asked: dict[str, Callable[[], None]] = {
            "split": lambda: self._split(incident_id, target, marked),
            "move": lambda: self._line("Move it to incident (rank or id):", "", self._mover(target, marked)),
            "merge": lambda: self._line("Merge with incident (rank or id):", "", self._merger(incident_id)),
            "exclude": lambda: self._line("Exclude (kind:value):", entity, self._excluder(incident_id)),
            "constrain": lambda: self._line("Joins nothing (kind:value):", entity, self._loner(())),
            "within": lambda: self._line("Joins nothing here (kind:value):", entity, self._loner((incident_id,))),
            "whatif": lambda: self._line(
                "Without (alert, activity, kind:value or join:N):",
                _named(target),
                lambda text: self._whatif(incident_id, text),
            ),
        }
        if word is not None:
            asked[word]()

    def _line(self, title: str, value: str, then: Callable[[str], None]) -> None:
        def answered(text: str | None) -> None:
            if text and text.strip():
                then(text.strip())

        self._screen.app.push_screen(Ask(title, self._screen.look, value), answered)

    # --- wishes -----------------------------------------------------------------------------------------------------

    def _split(self, incident_id: str, target: Target | None, marked: Sequence[str]) -> None:
        alerts = (target.id,) if isinstance(target, AlertTarget) and not marked else ()
        leaving = marked or ((target.activity,) if isinstance(target, ActivityTarget) else ())
        if not alerts and not leaving:
            self._screen.tell(NOTHING_NAMED, self._screen.look.styles.warn)
            return
        self._show(lambda regrouping: regrouping.split(incident_id, leaving, alerts))

    def _mover(self, target: Target | None, marked: Sequence[str]) -> Callable[[str], None]:
        def move(name: str) -> None:
            if not marked and not isinstance(target, ActivityTarget | AlertTarget):
                self._screen.tell(NOTHING_NAMED, self._screen.look.styles.warn)
                return
            what = marked or (_named(target),)
            self._show(lambda regrouping: regrouping.move(what, self._id(name)))

        return move

    def _merger(self, incident_id: str) -> Callable[[str], None]:
        return lambda name: self._show(lambda regrouping: regrouping.merge([incident_id, self._id(name)]))

    def _excluder(self, incident_id: str) -> Callable[[str], None]:
        return lambda entity: self._show(lambda regrouping: regrouping.exclude(incident_id, entity))

    def _loner(self, within: Sequence[str]) -> Callable[[str], None]:
        """Return what lets an entity or a signature join nothing, everywhere or within one incident."""

        def wish(what: str) -> Decision:
            port = self._screen.desk.port
            scope = [activities(port.activities(name)["activity"].to_list()) for name in within]
            said = {"kind": "never_group", "left": (what,), "scope": scope[0] if scope else ()}
            return decision("regroup", within, constraints=(said,))

        return lambda what: self._show(lambda _: wish(what))

    def _id(self, name: str) -> str:
        row = self._screen.desk.queue.find(name)
        if row is None:
            raise UsageError(f"no incident {name!r}, or more than one begins like this")
        return row.id

    # --- showing and keeping ----------------------------------------------------------------------------------------

    def _show(self, wish: Wish) -> None:
        regrouping = self._screen.desk.port.regrouping
        self._screen.tell("working out what would come of it")

        def work() -> tuple["Outlook", Decision]:
            made = wish(regrouping())
            return regrouping().preview(made), made

        in_background(self._screen, "regrouping", work, lambda found: self._open(*found), self._screen.tell_error)

    def _whatif(self, incident_id: str, text: str) -> None:
        regrouping = self._screen.desk.port.regrouping
        self._screen.tell("working out what would be left")
        in_background(
            self._screen,
            "regrouping",
            lambda: regrouping().whatif(incident_id, text),
            lambda found: self._open(found, None),
            self._screen.tell_error,
        )

    def _open(self, found: "Outlook", wish: Decision | None) -> None:
        if not self._screen.is_current:
            return
        self._screen.tell("")
        keep = None if self._screen.desk.readonly else self._keep
        self._screen.app.push_screen(OutlookPaper(found, wish, keep, self._screen.look))

    def _keep(self, wish: Decision) -> None:
        desk = self._screen.desk
        self._screen.tell("regrouping")
        in_background(self._screen, "regrouping", lambda: desk.keep(wish), self._kept, self._screen.tell_error)

    def _kept(self, kept: "Kept") -> None:
        self._screen.regrouped(self._screen.desk.kept(kept))


def _named(target: Target | None) -> str:
    """Return what the cursor is on as ``what if`` names it; '' for nothing it knows."""
    match target:
        case EntityTarget(kind, value):
            return f"{kind}:{value}"
        case ActivityTarget(activity, _):
            return activity
        case AlertTarget(_, name):
            return name
        case JoinTarget(left, right):
            return f"{left}..{right}"
    return ""
