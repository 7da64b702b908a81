"""What an organisation puts into a case where it says nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from fulfillment_sdk.models._fields import Model, meta, text
from fulfillment_sdk.models.case import NewCase, Person, Priority, RecordState

# A blank counts as missing in these; in any other field it is a statement, and stays.
_MANDATORY: Final = frozenset(
    {"gbv_related", "case_category_id", "narrative", "plan", "priority", "status"}
)


@attrs.frozen(kw_only=True, repr=False)
class CaseDefaults(Model):
    """The document's default values for mandatory fields, with what the organisation sets beside.

    ``reporter_fname``, ``plan``, ``priority`` and ``status`` begin as documented; the others have
    no documented value and are left alone until they are set. None switches a default off. The
    fields of a case that name one person or one moment have no default.
    """

    reporter_fname: str | None = attrs.field(default="Client", metadata=meta(sensitive=True))
    gbv_related: bool | None = attrs.field(default=None, metadata=meta("flag"))
    case_category_id: str | None = text()
    narrative: str | None = text(sensitive=True)
    plan: str | None = attrs.field(
        default="Initial assessment required", metadata=meta(sensitive=True)
    )
    priority: str | None = attrs.field(default=Priority.MEDIUM, metadata=meta())
    status: str | None = attrs.field(default=RecordState.OPEN, metadata=meta())
    src: str | None = text()
    src_address: str | None = text(sensitive=True)
    src_usr: str | None = text()
    src_vector: str | None = text()
    knowabout116_id: str | None = text()
    justice_id: str | None = text()
    assessment_id: str | None = text()
    escalated_to_id: str | None = text()

    def fill(self, case: NewCase) -> NewCase:
        """The case with the defaults in the fields that it leaves open.

        Open is a mandatory field that is absent or blank, and an optional one that is None: an
        optional ``""`` is a statement of its own. What stands in ``extra`` under a field's name is
        said too. Contract, section 2.
        """
        changes: dict[str, Any] = {
            name: value
            for name, value in self._values().items()
            if value is not None and _open(name, getattr(case, name)) and name not in case.extra
        }
        reporter: object = Person() if case.reporter is None else case.reporter
        unnamed = isinstance(reporter, Person) and _blank(reporter.fname)
        told = case.reporter is None and "reporter" in case.extra
        if unnamed and not told and self.reporter_fname is not None:
            changes["reporter"] = attrs.evolve(case.reporter or Person(), fname=self.reporter_fname)
        return attrs.evolve(case, **changes) if changes else case

    def texts(self) -> Mapping[str, str]:
        """The defaults that stand for what only a person can tell, by the path of their field."""
        known = {
            "reporter.fname": self.reporter_fname,
            "narrative": self.narrative,
            "plan": self.plan,
        }
        return {path: value for path, value in known.items() if value is not None}

    def _values(self) -> dict[str, object]:
        fields = attrs.asdict(self, recurse=False)
        del fields["reporter_fname"]
        return fields


def _open(name: str, value: object) -> bool:
    return _blank(value) if name in _MANDATORY else value is None


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
