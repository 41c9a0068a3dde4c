"""``ezcompile completion SHELL``: a script that completes commands, options, their choices and files in a shell."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from importlib import import_module

from ezprivsecfl.cli import exits
from ezprivsecfl.cli.arguments import add_about, command_parser
from ezprivsecfl.cli.commands import COMMANDS

SHELLS = ("bash", "zsh")

EXAMPLES = """\
examples:
  ezcompile completion bash > ~/.local/share/bash-completion/completions/ezcompile
  ezcompile completion zsh > ~/.ezcompile.zsh          and in ~/.zshrc, after compinit: source ~/.ezcompile.zsh

exit codes: 0 done
"""

SCRIPT = """\
_ezcompile() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command=compile
  case ${{COMP_WORDS[1]}} in
    {commands}) command=${{COMP_WORDS[1]}} ;;
  esac
  COMPREPLY=()
  case $command:$previous in
{choices}
  esac
  if [[ $word == -* ]]; then
    case $command in
{options}
    esac
    return
  fi
  COMPREPLY=($(compgen -f -- "$word"))
  [[ $COMP_CWORD == 1 ]] && COMPREPLY+=($(compgen -W "{words}" -- "$word"))
}}
complete -o filenames -F _ezcompile ezcompile
"""
"""For bash; with its ``bashcompinit``, zsh takes the same."""

ZSH = "autoload -Uz bashcompinit && bashcompinit\n"


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = command_parser(
        "ezcompile completion",
        description="Prints a script that completes commands, options, their choices and files in a shell.",
        examples=EXAMPLES,
    )
    made.add_argument("shell", choices=SHELLS, help="the shell")
    add_about(made)
    return made


def carry_out(arguments: argparse.Namespace) -> int:
    """Carries out the command."""
    parsers = {name: import_module(f"ezprivsecfl.cli.{name}").parser() for name in ("compile", *COMMANDS)}
    print((ZSH if arguments.shell == "zsh" else "") + script(parsers), end="")
    return exits.DONE


def script(parsers: Mapping[str, argparse.ArgumentParser]) -> str:
    """The script.

    Args:
        parsers: By command; ``compile`` is meant where none is given.
    """
    commands = [name for name in parsers if name != "compile"]
    return SCRIPT.format(
        commands="|".join(commands),
        words=" ".join(commands),
        choices="\n".join(line for name, made in parsers.items() for line in _choices(name, made)),
        options="\n".join(f"      {name}) {_reply(_options(made))} ;;" for name, made in parsers.items()),
    )


def _options(made: argparse.ArgumentParser) -> list[str]:
    return [option for action in made._actions for option in action.option_strings if option.startswith("--")]


def _choices(name: str, made: argparse.ArgumentParser) -> Iterator[str]:
    """What may follow each option that has choices; those that take something else are left to files."""
    for action in made._actions:
        values = [str(choice) for choice in action.choices or ()]
        if values and action.option_strings and action.nargs != "?":
            yield f"    {'|'.join(f'{name}:{option}' for option in action.option_strings)}) {_reply(values)}; return ;;"
        elif values and not action.option_strings:
            yield f"    {name}:{name}) {_reply(values)}; return ;;"


def _reply(words: list[str]) -> str:
    return f'COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$word"))'
