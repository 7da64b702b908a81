"""What ``import fulfillment_sdk`` gives, and what it costs."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import fulfillment_sdk
from fulfillment_sdk import errors, models

PUBLIC = [
    "APIError",
    "AccessToken",
    "Advice",
    "AttachmentRef",
    "BadRequest",
    "CaseCompleted",
    "CaseDefaults",
    "CaseDetails",
    "CaseNotForwarded",
    "CaseStatus",
    "CaseStep",
    "CaseSummary",
    "Client",
    "CodeExpired",
    "CodeSent",
    "CompletedCase",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "CreatedCase",
    "Delivery",
    "DeliveryAttempt",
    "EnvTokens",
    "Event",
    "FileTokens",
    "Findings",
    "Forbidden",
    "FormSubmission",
    "FulfillmentError",
    "IllegalTransition",
    "InvalidCase",
    "InvalidField",
    "KeyringTokens",
    "Location",
    "MemoryTokens",
    "MissingExtra",
    "MissingField",
    "NewCase",
    "NoPendingVerification",
    "NotApproved",
    "NotFound",
    "NotOffered",
    "OrganizationEmail",
    "OrganizationInactive",
    "OutcomeUnknown",
    "PayloadError",
    "Perpetrator",
    "Person",
    "PluginError",
    "Priority",
    "Problem",
    "QCReview",
    "Receiver",
    "RecordState",
    "ReportLink",
    "Retries",
    "RotatedSecret",
    "ServerError",
    "Service",
    "SignatureError",
    "StatusChanged",
    "StoreError",
    "StoreUnavailable",
    "StoredAttachment",
    "SubmittedFile",
    "Subscription",
    "TimelineEntry",
    "TokenClaims",
    "TokenExpired",
    "TokenNotKept",
    "TokenRevoked",
    "TokenStore",
    "TooLarge",
    "TooManyAttempts",
    "TooManyRequests",
    "TransportError",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "UnsupportedMediaType",
    "Verification",
    "WrongCode",
    "__version__",
    "hookimpl",
    "load_case",
    "validate",
]

# What a partner who only creates cases, or only imports, must not wait for.
HEAVY = ("sqlalchemy", "alembic", "requests", "starlette", "uvicorn", "cattrs", "pluggy", "aiohttp")


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50
    )
    return done.stdout


def test_the_public_names_are_these() -> None:
    assert fulfillment_sdk.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(fulfillment_sdk, name) is not None


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(fulfillment_sdk.__file__).read_text(encoding="utf-8"))
    guarded = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.name
        for node in guarded
        for inner in node.body
        if isinstance(inner, ast.ImportFrom)
        for alias in inner.names
    }
    assert seen | {"__version__"} == set(PUBLIC)


def test_every_public_error_is_at_the_root() -> None:
    declared = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception) and not name.startswith("_")
    }
    assert declared <= set(PUBLIC)


def test_every_model_that_a_partner_names_is_at_the_root() -> None:
    assert set(models.__all__) - set(PUBLIC) == {"CASE_COMPLETED", "STATUS_CHANGED", "CaseEvent"}


def test_a_name_is_the_same_wherever_it_is_imported_from() -> None:
    assert fulfillment_sdk.NewCase is models.NewCase
    assert fulfillment_sdk.APIError is errors.APIError


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Clinet'"):
        fulfillment_sdk.Clinet  # type: ignore[attr-defined]  # noqa: B018


def test_dir_lists_the_public_names_before_they_are_loaded() -> None:
    assert set(PUBLIC) <= set(dir(fulfillment_sdk))
    assert "Client" in run("import fulfillment_sdk; print(dir(fulfillment_sdk))")


def test_an_editor_completes_what_is_public_and_no_tool_of_the_package_itself() -> None:
    completed = {name for name in dir(fulfillment_sdk) if not name.startswith("__")}
    others = completed - set(fulfillment_sdk.__all__)
    assert [name for name in others if not inspect.ismodule(vars(fulfillment_sdk)[name])] == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, fulfillment_sdk; print([n for n in {HEAVY!r} if n in sys.modules])"
    assert run(code).strip() == "[]"


def test_the_errors_load_nothing_beside_them() -> None:
    code = "import sys, fulfillment_sdk.errors; print({'attr', 'attrs', 'cattrs'} & {*sys.modules})"
    assert run(code).strip() == "set()"


def test_using_a_model_loads_neither_server_nor_store_nor_http() -> None:
    code = (
        "import sys, fulfillment_sdk; fulfillment_sdk.NewCase; fulfillment_sdk.FulfillmentError; "
        "print([n for n in sys.modules if n.split('.')[0] in ('sqlalchemy', 'requests') "
        "or n.startswith(('fulfillment_sdk.server', 'fulfillment_sdk.store'))])"
    )
    assert run(code).strip() == "[]"


def test_a_star_import_gives_the_public_names() -> None:
    code = "from fulfillment_sdk import *; print(NewCase.__name__, CaseStatus('x').known)"
    assert run(code).strip() == "NewCase False"
