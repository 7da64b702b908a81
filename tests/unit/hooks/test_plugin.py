"""A plugin is looked over before it is used, and each mistake is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.hooks.plugin import inspect_plugin, plugin_name
from fulfillment_sdk.models.events import CaseCompleted, StatusChanged
from fulfillment_sdk.plugins import hookimpl


class Named:
    name = "audit"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None: ...


class Nameless:
    @hookimpl
    def fulfillment_case_completed(self, event: CaseCompleted) -> None: ...


def test_a_plugin_is_called_by_its_name() -> None:
    assert plugin_name(Named()) == "audit"


def test_a_plugin_without_a_name_is_called_by_the_path_of_its_class() -> None:
    assert plugin_name(Nameless()) == "tests.unit.hooks.test_plugin.Nameless"


def test_a_module_is_called_by_its_path() -> None:
    assert plugin_name(sys.modules[__name__]) == "tests.unit.hooks.test_plugin"


def test_a_plugin_knows_its_hooks() -> None:
    assert inspect_plugin(Named()).hooks == {"fulfillment_status_changed"}


def test_a_module_can_be_a_plugin() -> None:
    module = ModuleType("shop_hooks")
    vars(module)["fulfillment_status_changed"] = hookimpl(lambda event: None)

    plugin = inspect_plugin(module)

    assert plugin.name == "shop_hooks"
    assert plugin.hooks == {"fulfillment_status_changed"}


def test_a_misspelt_hook_is_an_error_that_names_the_nearest() -> None:
    class Misspelt:
        name = "audit"

        @hookimpl
        def fulfillment_case_complete(self, event: object) -> None: ...

    with pytest.raises(PluginError) as caught:
        inspect_plugin(Misspelt())

    assert str(caught.value) == (
        "Plugin audit has an unknown hook, fulfillment_case_complete\n"
        "Did you mean fulfillment_case_completed?"
    )


def test_a_hook_that_resembles_none_lists_what_there_is() -> None:
    class Strange:
        @hookimpl
        def zzz(self) -> None: ...

    with pytest.raises(PluginError, match="Hooks are fulfillment_after_response, "):
        inspect_plugin(Strange())


def test_a_hook_without_its_mark_is_an_error() -> None:
    class Unmarked:
        def fulfillment_status_changed(self, event: object) -> None: ...

    with pytest.raises(PluginError, match="not marked as a hook\nPut @hookimpl"):
        inspect_plugin(Unmarked())


def test_a_plugin_without_a_hook_is_an_error() -> None:
    with pytest.raises(PluginError, match=r"Plugin builtins\.object has no hook") as caught:
        inspect_plugin(object())

    assert "fulfillment_before_request" in caught.value.remedy  # it may be meant for a client
    assert "fulfillment_status_changed" in caught.value.remedy
    assert "@hookimpl" in caught.value.remedy


def test_of_a_module_without_a_hook_an_object_may_be_meant() -> None:
    with pytest.raises(PluginError, match="has no hook") as caught:
        inspect_plugin(sys.modules[__name__])

    assert caught.value.remedy.endswith("Or name the object in it that has them, as module:object.")


def test_a_class_instead_of_an_instance_is_an_error() -> None:
    with pytest.raises(PluginError, match=r"is a class\nHand in an instance: .*Named\(\)\."):
        inspect_plugin(Named)


def test_an_argument_that_the_hook_does_not_have_is_an_error() -> None:
    class Wrong:
        @hookimpl
        def fulfillment_status_changed(self, notification: object) -> None: ...

    with pytest.raises(PluginError) as caught:
        inspect_plugin(Wrong())

    assert caught.value.message.endswith(
        "Wrong: fulfillment_status_changed asks for notification, which it isn't given"
    )
    assert caught.value.remedy == (
        "Write fulfillment_status_changed(event); arguments go by their names."
    )


class Keyword:
    @hookimpl
    def fulfillment_status_changed(self, *, event: object) -> None: ...


class Default:
    @hookimpl
    def fulfillment_status_changed(self, event: object = None) -> None: ...


class Whatever:
    @hookimpl
    def fulfillment_status_changed(self, **given: object) -> None: ...


class Several:
    @hookimpl
    def fulfillment_status_changed(self, *given: object) -> None: ...


class Selfless:
    @hookimpl
    def fulfillment_status_changed(event) -> None: ...  # noqa: N805


@pytest.mark.parametrize(
    ("plugin", "asked"),
    [
        (Keyword(), "event by keyword alone"),
        (Default(), "event with a default"),
        (Whatever(), "**given"),
        (Several(), "*given"),
        (Selfless(), "event in place of self"),
    ],
)
def test_an_argument_that_a_hook_would_not_be_given_is_an_error(plugin: object, asked: str) -> None:
    with pytest.raises(PluginError) as caught:
        inspect_plugin(plugin)

    assert caught.value.message.endswith(
        f"fulfillment_status_changed asks for {asked}, which it isn't given"
    )
    assert caught.value.remedy == (
        "Write fulfillment_status_changed(event); arguments go by their names."
    )


class Ways:
    """Hooks as they may be written."""

    @staticmethod
    @hookimpl
    def fulfillment_status_changed(event: object) -> None: ...

    @classmethod
    @hookimpl
    def fulfillment_case_completed(cls, event: object, _more: int = 5) -> None: ...

    @hookimpl
    @staticmethod
    def fulfillment_on_attempt() -> None: ...


def test_a_hook_may_be_of_a_class_or_of_none_and_have_a_default_of_its_own() -> None:
    assert len(inspect_plugin(Ways()).hooks) == 3


@pytest.mark.parametrize("name", ["\ud800", "a\0b", "two\nlines", "x" * 201, "a,b", " board", "*"])
def test_a_name_that_nothing_can_be_kept_under_or_switched_off_by_is_an_error(name: str) -> None:
    class Odd(Named): ...

    Odd.name = name
    with pytest.raises(PluginError) as caught:
        inspect_plugin(Odd())

    assert caught.value.message == f"The name of plugin {__name__}.{Odd.__qualname__} can't be used"
    assert "at most 200 characters" in caught.value.remedy


def test_a_hook_that_yields_is_an_error_because_nobody_would_run_it() -> None:
    class Yields:
        @hookimpl
        def fulfillment_status_changed(self, event: object) -> Iterator[None]:
            yield

    with pytest.raises(PluginError, match="contains a yield"):
        inspect_plugin(Yields())


def test_only_the_hooks_for_events_may_be_async() -> None:
    class Async:
        @hookimpl
        async def fulfillment_register_sinks(self, register: object) -> None: ...

    with pytest.raises(PluginError, match="can't be async"):
        inspect_plugin(Async())


def test_a_plugin_sees_bodies_only_if_it_asks_for_them() -> None:
    class Asking(Named):
        wants_bodies = True

    assert inspect_plugin(Asking()).wants_bodies is True
    assert inspect_plugin(Named()).wants_bodies is False


@pytest.mark.parametrize("wish", ["no", 1, None])
def test_a_wish_for_bodies_that_is_neither_true_nor_false_is_an_error(wish: object) -> None:
    named = Named()
    named.wants_bodies = wish  # type: ignore[attr-defined]

    with pytest.raises(PluginError, match="audit: wants_bodies is neither True nor False"):
        inspect_plugin(named)


def test_a_hook_that_is_misspelt_and_not_marked_either_is_an_error() -> None:
    class Careless:
        name = "careless"

        @hookimpl
        def fulfillment_status_changed(self, event: StatusChanged) -> None: ...

        def fulfillment_case_complete(self, event: object) -> None: ...

    with pytest.raises(PluginError) as caught:
        inspect_plugin(Careless())

    assert str(caught.value) == (
        "Plugin careless has fulfillment_case_complete, which is no hook\n"
        "Did you mean fulfillment_case_completed? Put @hookimpl (from fulfillment_sdk.plugins) "
        "above it."
    )


def test_what_only_begins_like_a_hook_is_the_plugin_s_own_affair() -> None:
    class Careful:
        fulfillment_status = "new"

        @hookimpl
        def fulfillment_status_changed(self, event: StatusChanged) -> None: ...

        def fulfillment_server(self) -> None: ...

    assert inspect_plugin(Careful()).hooks == {"fulfillment_status_changed"}
