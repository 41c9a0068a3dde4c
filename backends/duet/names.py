"""Names and texts of the user's in C++: identifiers, file names, comments and literals that cannot break out."""

from __future__ import annotations

from ezprivsecfl.ir.program import Program


def circuit_files(secure: Program) -> dict[str, str]:
    """A file name for every circuit; names that differ only in special characters get different files."""
    files: dict[str, str] = {}
    for name in secure.circuits:
        stem = identifier(name)
        while f"{stem}.txt" in files.values():
            stem += "_"
        files[name] = f"{stem}.txt"
    return files


def class_name(name: str) -> str:
    """Name of the C++ class; the ending keeps it apart from the engine's classes and from C++'s keywords."""
    camel = "".join(part.capitalize() for part in identifier(name).split("_"))
    return f"{camel if camel[:1].isalpha() else f'Compiled{camel}'}Program"


def plain(text: str) -> str:
    """Text for a C++ comment: cannot end or continue the line."""
    return "".join(c if c.isprintable() and c != "\\" else "?" for c in text)


def literal(text: str) -> str:
    """A C++ string literal: everything but plain ASCII as octal escapes of its UTF-8 bytes."""
    safe = (b.isascii() and b.isprintable() and b not in '"\\?' for b in map(chr, text.encode()))
    return '"' + "".join(chr(b) if ok else f"\\{b:03o}" for b, ok in zip(text.encode(), safe, strict=True)) + '"'


def identifier(name: str) -> str:
    """A C++ identifier like ``name``."""
    cleaned = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    return cleaned if cleaned and not cleaned[0].isdigit() else f"_{cleaned}"
