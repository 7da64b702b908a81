"""What ``import fulfillment_sdk`` gives, and what it costs."""

from __future__ import annotations

import ast
import inspect
import pickle
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import fulfillment_sdk
from fulfillment_sdk import client, errors, models, receiver, wire
from fulfillment_sdk.client import tokens

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
    "verify",
]

# What a partner who only creates cases, or only imports, must not wait for.
HEAVY = ("sqlalchemy", "alembic", "requests", "starlette", "uvicorn", "cattrs", "pluggy", "aiohttp")

# Packages whose names load their modules.
LOADING_LATE = (fulfillment_sdk, client, models, receiver, tokens, wire)


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


def imported(package: ModuleType) -> dict[str, str]:
    """The names that a package imports, or has type checkers import, and from where."""
    assert package.__file__ is not None
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    return {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


@pytest.mark.parametrize("package", LOADING_LATE, ids=lambda package: package.__name__)
def test_type_checkers_see_the_names_that_a_package_exports(package: ModuleType) -> None:
    seen = imported(package)
    assert seen.keys() - {"annotations", "TYPE_CHECKING", "Final", "exports"} == {*package.__all__}
    for name in package.__all__:
        assert getattr(import_module(seen[name]), name) is getattr(package, name)


@pytest.mark.parametrize("package", LOADING_LATE, ids=lambda package: package.__name__)
def test_a_package_that_loads_late_knows_the_homes_of_its_names_alone(package: ModuleType) -> None:
    seen = imported(package)
    homes: dict[str, str] = package._HOMES
    assert {name: f"{package.__name__}.{home}" for name, home in homes.items()}.items() <= (
        seen.items()
    )


@pytest.mark.parametrize("package", LOADING_LATE, ids=lambda package: package.__name__)
def test_a_package_that_loads_late_lists_its_names_and_knows_no_others(package: ModuleType) -> None:
    assert {*package.__all__} <= {*dir(package)}
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no .* 'Clinet'"):
        package.Clinet  # noqa: B018


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


def test_help_leaves_out_what_needs_an_extra_that_is_not_installed() -> None:
    code = (
        "import sys; sys.modules['sqlalchemy'] = None; import fulfillment_sdk, pydoc; "
        "from fulfillment_sdk import receiver; "
        "told = [pydoc.plain(pydoc.render_doc(one)) for one in (fulfillment_sdk, receiver)]; "
        "print('Receiver' in dir(fulfillment_sdk), 'Receiver' in dir(receiver), "
        "'class Client' in told[0], 'verify(headers' in told[1], 'class Receiver(' in told[1])"
    )
    assert run(code).strip() == "False False True True False"


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


def test_a_model_can_be_unpickled_where_nothing_is_loaded_yet() -> None:
    case = models.NewCase(reporter=models.Person(fname="Jane Smith"), priority="2")
    code = f"import pickle; case = pickle.loads({pickle.dumps(case)!r}); print(case.reporter.fname)"
    assert run(code).strip() == "Jane Smith"


def test_a_star_import_gives_the_public_names() -> None:
    code = "from fulfillment_sdk import *; print(NewCase.__name__, CaseStatus('x').known)"
    assert run(code).strip() == "NewCase False"


@pytest.mark.parametrize("package", ["sqlalchemy", "cryptography", "filelock"])
def test_a_star_import_leaves_out_what_needs_an_extra_that_is_not_installed(package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None; from fulfillment_sdk import *; "
        "from fulfillment_sdk.receiver import *; import fulfillment_sdk; "
        "print('Receiver' in dir(), 'Reconciliation' in dir(), verify.__name__, Client.__name__)\n"
        "try:\n    fulfillment_sdk.Receiver\n"
        "except fulfillment_sdk.MissingExtra as error:\n    print(error.extra)"
    )
    assert run(code).split() == ["False", "False", "verify", "Client", "receiver"]
