"""Which servers of an nginx configuration answer for a host.

The rules are those of ngx_http_core_module, `server_name` and `listen`: at each address that is listened at an exact
name comes first, then the longest wildcard before, the longest wildcard after, the first expression, and at last the
default server. A default that only stands first and has names of its own is not taken: it answers for the host by
chance, and what was written for another host proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from policycheck.evidence._nginx_files import Directive, Unsaid

_Level = tuple[Directive, ...]
#: Whether an expression fits a host; None where that is not decided.
_Fits = Callable[[str, str], bool | None]

_LOCAL = ("127.", "localhost", "[::1]", "unix:")
_CATCHES_ALL = frozenset({"", "_"})
#: The ports at which a default server answers the public beside the server of the name.
_PUBLIC = (":80", ":443")


def names_of(level: Iterable[Directive]) -> list[str]:
    """The names of a server as they are written."""
    return [name for item in level if item.name == "server_name" for name in item.args]


def bearing(host: str, levels: Sequence[_Level], fits: _Fits) -> list[int]:
    """Which of some servers answer for a host; those that only this machine reaches where no other does."""
    named: dict[str, int] = {}
    defaults: dict[str, int] = {}
    for address, listening in _listening(levels).items():
        found = _by_name(host, [(number, levels[number]) for number, _ in listening], fits)
        default = _default(listening, levels)
        if found is not None:
            named[address] = found
        elif default is not None:
            defaults[address] = default
    beside = {address: number for address, number in defaults.items() if not named or address.endswith(_PUBLIC)}
    found_at = named | beside
    outside = {address: number for address, number in found_at.items() if not address.startswith(_LOCAL)}
    return sorted(set((outside or found_at).values()))


def _listening(levels: Sequence[_Level]) -> dict[str, list[tuple[int, bool]]]:
    """The servers at each address, in order, and whether they are said to be its default."""
    found: dict[str, list[tuple[int, bool]]] = {}
    for number, level in enumerate(levels):
        for words in [item.args for item in level if item.name == "listen" and item.args] or [("80",)]:
            is_default = "default_server" in words or "default" in words
            found.setdefault(_address(words), []).append((number, is_default))
    return found


def _address(words: tuple[str, ...]) -> str:
    """An address one way: `80`, `*:80` and `0.0.0.0:80` are the same; quic listens apart."""
    text = words[0].lower()
    text = f"*:{text}" if text.isdecimal() else text
    text = text if text.startswith("unix:") or ":" in text.rpartition("]")[2] else f"{text}:80"
    return text.replace("0.0.0.0:", "*:") + (" quic" if "quic" in words else "")


def _default(listening: list[tuple[int, bool]], levels: Sequence[_Level]) -> int | None:
    said = next((number for number, is_default in listening if is_default), None)
    first = listening[0][0]
    return first if said is None and _CATCHES_ALL.issuperset(names_of(levels[first])) else said


def _by_name(host: str, servers: list[tuple[int, _Level]], fits: _Fits) -> int | None:
    """The server whose name fits best, by nginx's order."""
    best: tuple[tuple[int, int], int] | None = None
    for number, level in servers:
        for name in names_of(level):
            rank = _rank(name, host, fits)
            if rank is not None and (best is None or rank > best[0]):
                best = (rank, number)
    return best[1] if best is not None else None


def _rank(name: str, host: str, fits: _Fits) -> tuple[int, int] | None:
    """How well a name fits a host: its kind, then its length; None where it does not."""
    if name.startswith("~"):
        is_fit = fits(name[1:], host)
        if is_fit is None:
            raise Unsaid(f"whether server_name {name[:80]} fits {host[:80]} is not decided here")
        return (0, 0) if is_fit else None
    plain = name.lower()
    if plain in (host, f".{host}"):
        return (3, 0)
    if plain.startswith(("*.", ".")) and host.endswith(plain.removeprefix("*")):
        return (2, len(plain.removeprefix("*")))
    if plain.endswith(".*") and host.startswith(plain[:-1]):
        return (1, len(plain))
    return None
