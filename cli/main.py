"""`sluice`: the command line. Commands are functions of the modules beside; this one only names them."""

import typer

from cli import (
    audit,
    budgets,
    cache,
    channels,
    compare,
    costs,
    directory,
    drafts,
    exchange,
    gates,
    people,
    queue,
    resume,
    runs,
    secrets,
    sign_in,
    specs,
    starters,
    tools,
    triggers,
    up,
    versions,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Agent workflows as AWS Step Functions: check, compile, publish, run, decide.")

app.command("validate")(specs.validate)
app.command("compile")(specs.compile_)
app.command("publish")(specs.publish)
app.command("versions")(versions.versions)
app.command("diff")(versions.diff)
app.command("rollback")(versions.rollback)
app.add_typer(drafts.drafts, name="draft")
app.command("export")(exchange.export)
app.command("import")(exchange.import_)
app.add_typer(starters.starters, name="starters")
app.command("run")(runs.run)
app.command("runs")(runs.runs)
app.command("show")(runs.show)
app.command("compare")(compare.compare)
app.command("resume")(resume.resume)
app.command("repeat")(resume.repeat)
app.command("try")(resume.try_)
app.command("cancel")(runs.cancel)
app.command("queue")(queue.queue)
app.command("reply")(runs.reply)
app.command("gates")(gates.gates)
app.command("decide")(gates.decide)
app.command("login")(sign_in.login)
app.command("logout")(sign_in.logout)
app.command("whoami")(sign_in.whoami)
app.add_typer(people.users, name="users")
app.add_typer(people.keys, name="keys")
app.add_typer(secrets.secrets, name="secrets")
app.command("tools")(tools.tools)
app.add_typer(directory.agents, name="agents")
app.add_typer(triggers.app, name="triggers")
app.add_typer(channels.app, name="channels")
app.command("costs")(costs.costs)
app.command("budgets")(budgets.budgets)
app.add_typer(cache.app, name="cache")
app.add_typer(audit.app, name="audit")
app.command("up")(up.up)


if __name__ == "__main__":
    app()
