"""Object files put into memory without LLVM: those that it makes for x86-64 and Linux.

Code from the cache would otherwise be all that a process needs LLVM for, which takes 40 MB of it.
Such a file has few sections, all of them only read, and three kinds of places where an address is
to be filled in (LLVM's "large" model reaches everything through one table). Whatever else a file
has is left to LLVM.

The format: System V ABI, "Object Files"; its AMD64 supplement, section 4.4, "Relocation".
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import platform
import struct
import sys
from typing import NamedTuple

__all__ = ["Loaded", "UnfamiliarError", "familiar"]

_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")

#: Kinds of sections: code and constants, symbols, relocations; for exceptions, of which there are
#: none.
_PROGBITS, _SYMTAB, _RELA, _UNWIND = 1, 2, 4, 0x70000001
#: Flags of sections: may be written to; is part of the memory.
_WRITE, _ALLOC = 1, 2
#: Kinds of relocations: an address seen from the table's; a symbol's entry in the table, seen from
#: its beginning; the table's address, seen from here.
_GOTOFF64, _GOT64, _GOTPC64 = 25, 27, 29

_TABLE = "_GLOBAL_OFFSET_TABLE_"


class UnfamiliarError(ValueError):
    """The object file has what is not known here."""


class _Section(NamedTuple):
    name: int
    kind: int
    flags: int
    address: int
    at: int
    size: int
    link: int
    info: int
    align: int
    entry: int


def familiar() -> bool:
    """Whether code of this machine may be loaded here at all."""
    return sys.platform == "linux" and platform.machine() == "x86_64" and sys.maxsize > 2**32


@functools.cache
def _libraries() -> list[ctypes.CDLL]:
    # Python itself first: what it is linked with, LLVM would find too.
    try:
        return [ctypes.CDLL(None), ctypes.CDLL("libm.so.6")]
    except (OSError, TypeError) as error:
        raise UnfamiliarError("another C library") from error


def _outside(name: str) -> int:
    for library in _libraries():
        if hasattr(library, name):
            return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
    raise UnfamiliarError(f"no function {name}")


class Loaded:
    """An object file in memory; its code goes when this does.

    Parameters
    ----------
    code : bytes
        The file. It is trusted: it comes from LLVM, or from the cache, which checks it.
    """

    def __init__(self, code: bytes) -> None:
        if not familiar() or code[:6] != b"\x7fELF\x02\x01" or code[16:20] != b"\x01\0\x3e\0":
            raise UnfamiliarError("no object file for x86-64")
        (start,) = struct.unpack_from("<Q", code, 40)
        (count,) = struct.unpack_from("<H", code, 60)
        self._code = code
        self._sections = [
            _Section(*_SECTION.unpack_from(code, start + _SECTION.size * i)) for i in range(count)
        ]
        self._places: dict[int, int] = {}
        self._slots: dict[str, int] = {}
        self._functions: dict[str, int] = {}
        self._load()

    def address(self, name: str) -> int:
        """Return where a function begins; 0 if there is none of that name."""
        return self._functions.get(name, 0)

    def _load(self) -> None:
        code, size = self._code, 0
        for i, section in enumerate(self._sections):
            if section.flags & _ALLOC and section.size and section.kind != _UNWIND:
                if section.kind != _PROGBITS or section.flags & _WRITE:
                    raise UnfamiliarError("sections that are written to")
                size += -size % max(section.align, 1)
                self._places[i] = size
                size += section.size
        table = size + -size % 8
        symbols = self._symbols()
        rows = self._relocations()
        for kind, symbol, _, _ in rows:
            name = symbols[symbol][0]
            if kind == _GOT64 and name not in self._slots:
                self._slots[name] = table + 8 * len(self._slots)
        # Not shared with forks, which would see one another's.
        room = mmap.mmap(-1, max(table + 8 * len(self._slots), 1),
                         mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # fmt: skip
        view = (ctypes.c_char * len(room)).from_buffer(room)
        base = ctypes.addressof(view)
        for i, at in self._places.items():
            section = self._sections[i]
            room[at : at + section.size] = code[section.at : section.at + section.size]
        where = {
            name: base + self._places[home] + value if home in self._places else 0
            for name, home, value in symbols if name
        }  # fmt: skip
        for name, slot in self._slots.items():
            struct.pack_into("<Q", room, slot, where.get(name) or _outside(name))
        for kind, symbol, at, addend in rows:
            name, home, value = symbols[symbol]
            if kind == _GOT64:
                found = self._slots[name] - table
            elif kind == _GOTPC64 and name == _TABLE:
                found = table - at
            elif kind == _GOTOFF64 and home in self._places:
                found = self._places[home] + value - table
            else:
                raise UnfamiliarError(f"a relocation of kind {kind}")
            struct.pack_into("<q", room, at, found + addend)
        for name, home, _ in symbols:
            if name and home in self._places:
                self._functions[name] = where[name]
        del view
        self._room = room
        protect = _libraries()[0].mprotect
        protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        if protect(base, len(room), mmap.PROT_READ | mmap.PROT_EXEC):
            raise UnfamiliarError("the system does not let memory be run")
        del self._code, self._sections

    def _symbols(self) -> list[tuple[str, int, int]]:
        """List name, section and offset of each symbol."""
        found = []
        for section in self._sections:
            if section.kind == _SYMTAB:
                names = self._sections[section.link].at
                for at in range(section.at, section.at + section.size, _SYMBOL.size):
                    name, _, _, home, value, _ = _SYMBOL.unpack_from(self._code, at)
                    end = self._code.index(b"\0", names + name)
                    found.append((self._code[names + name : end].decode(), home, value))
        return found

    def _relocations(self) -> list[tuple[int, int, int, int]]:
        """List kind, symbol, place and addend of each address to be filled in."""
        found = []
        for section in self._sections:
            if section.kind == _RELA and section.info in self._places:
                home = self._places[section.info]
                for at in range(section.at, section.at + section.size, _RELOCATION.size):
                    offset, what, addend = _RELOCATION.unpack_from(self._code, at)
                    found.append((what & 0xFFFFFFFF, what >> 32, home + offset, addend))
        return found
