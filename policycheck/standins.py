"""Stand-ins for modules that a library loads with itself and a run has no use for (docs/decisions/0015).

Each is gone when the library is there: who imports the module after that gets the real one, and so does what the library
asks of its stand-in that the stand-in does not know.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


class _StandIn(ModuleType):
    """A module by name, until something is asked of it that it does not know."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _take_back(self.__name__, self)
        return getattr(import_module(self.__name__), name)


@contextmanager
def standing_in(modules: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """While a library is imported, these answer for modules, each with what the library asks for at its import.

    A module that is there already stays. What is given here is forgotten afterwards, but for functions, which must do
    what the real ones do.
    """
    made = [_StandIn(name) for name in modules if name not in sys.modules]
    for module in made:
        module.__dict__.update(modules[module.__name__])
        sys.modules[module.__name__] = module
    try:
        yield
    finally:
        for module in made:
            _take_back(module.__name__, module)
            for name, value in modules[module.__name__].items():
                if isinstance(value, type):
                    delattr(module, name)


def _take_back(name: str, module: ModuleType) -> None:
    if sys.modules.get(name) is module:
        del sys.modules[name]


def _cleandoc(text: str) -> str:
    """As `inspect.cleandoc`, which is asked only for texts of several lines."""
    return text.expandtabs().lstrip() if "\n" not in text else _real("inspect", "cleandoc")(text)


def _quoted(*args: Any, **options: Any) -> str:
    return str(_real("urllib.parse", "quote_from_bytes")(*args, **options))


def _real(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


#: click wants `inspect` for help texts and `uuid` for a type of option, `pathlib` addresses for `as_uri`.
OF_THE_COMMAND_LINE: Mapping[str, Mapping[str, Any]] = {
    "inspect": {"cleandoc": _cleandoc}, "uuid": {"UUID": str}, "urllib.parse": {"quote_from_bytes": _quoted},
}  # fmt: skip
#: jsonschema_rs wants to tell the day on which it was built, and would load sockets and random numbers for it.
OF_THE_VALIDATOR: Mapping[str, Mapping[str, Any]] = {"email.utils": {"parsedate_to_datetime": str}}
