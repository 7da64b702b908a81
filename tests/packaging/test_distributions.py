"""What is inside the two files that would be uploaded."""

from __future__ import annotations

import email
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path, PurePosixPath

import pytest

from tests.packaging.conftest import ROOT, Distributions, run

PACKAGE = "fulfillment_sdk"


@pytest.fixture(scope="module")
def wheel_names(distributions: Distributions) -> set[str]:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        return set(wheel.namelist())


@pytest.fixture(scope="module")
def metadata(distributions: Distributions) -> Message:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(wheel.read(name))


def in_the_tree() -> set[str]:
    """Every file of the package, as a path below the wheel's root."""
    source = ROOT / "src"
    return {
        path.relative_to(source).as_posix()
        for path in (source / PACKAGE).rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".pyo"}
    }


def test_an_index_would_accept_both(distributions: Distributions) -> None:
    said = run(
        *(sys.executable, "-m", "twine", "check", "--strict"),
        *(str(distributions.sdist), str(distributions.wheel)),
    )
    assert said.count("PASSED") == 2


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel_names: set[str]) -> None:
    inside = {name for name in wheel_names if ".dist-info/" not in name}
    assert inside == in_the_tree()


def test_the_wheel_says_that_it_is_typed(wheel_names: set[str]) -> None:
    assert f"{PACKAGE}/py.typed" in wheel_names


def test_the_wheel_brings_the_licence(wheel_names: set[str], metadata: Message) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_names)
    assert metadata["License-Expression"] == "Apache-2.0"


@pytest.mark.parametrize("party", ["relay", "server/portal", "server/gateway"])
def test_the_wheel_brings_the_migrations_of_each_store(wheel_names: set[str], party: str) -> None:
    revisions = [
        name for name in wheel_names if name.startswith(f"{PACKAGE}/{party}/migrations/r0001")
    ]
    assert len(revisions) == 1


def test_no_test_and_no_example_is_installed(wheel_names: set[str]) -> None:
    roots = {PurePosixPath(name).parts[0] for name in wheel_names}
    assert {root for root in roots if not root.endswith(".dist-info")} == {PACKAGE}
    assert not [name for name in wheel_names if "conftest" in name or "/test_" in name]


def test_the_sdist_can_be_built_again(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as sdist:
        names = {Path(*Path(name).parts[1:]).as_posix() for name in sdist.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "setup.cfg"} <= names
    assert {f"src/{name}" for name in in_the_tree()} <= names


def test_the_root_needs_six_packages_and_no_more(metadata: Message) -> None:
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    names = sorted(line.split(">=")[0].lower() for line in needed)
    assert names == ["attrs", "cattrs", "pluggy", "pyjwt", "requests", "tenacity"]


def test_every_extra_of_the_design_is_offered(metadata: Message) -> None:
    assert set(metadata.get_all("Provides-Extra", [])) == {
        *("receiver", "webhook", "email", "chat", "postgres", "cli", "keyring", "server"),
        *("testing", "all"),
    }


def test_pytest_finds_the_fixtures(distributions: Distributions) -> None:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
        found = wheel.read(name).decode()
    assert "[pytest11]\nfulfillment = fulfillment_sdk.testing.pytest_plugin\n" in found


def test_the_description_is_the_readme(metadata: Message) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert (ROOT / "README.md").read_text("utf-8").strip() in str(metadata.get_payload())
