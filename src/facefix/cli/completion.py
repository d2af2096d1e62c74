"""`facefix completion`: what makes a shell complete commands, options and their values."""

from __future__ import annotations

import click

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete commands, options, their values, and files.

    bash: put `eval "$(facefix completion bash)"` into ~/.bashrc. zsh: the same with zsh, into ~/.zshrc, after compinit.
    fish: `facefix completion fish > ~/.config/fish/completions/facefix.fish`.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "facefix", "_FACEFIX_COMPLETE").source())
