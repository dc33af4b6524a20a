"""`sluice`: the command line. Commands are functions of the modules beside; this one only names them."""

import typer

from cli import budgets, cache, costs, gates, resume, runs, secrets, specs, tools, up

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Agent workflows as AWS Step Functions: check, compile, publish, run, decide.")

app.command("validate")(specs.validate)
app.command("compile")(specs.compile_)
app.command("publish")(specs.publish)
app.command("run")(runs.run)
app.command("runs")(runs.runs)
app.command("show")(runs.show)
app.command("resume")(resume.resume)
app.command("repeat")(resume.repeat)
app.command("try")(resume.try_)
app.command("cancel")(runs.cancel)
app.command("reply")(runs.reply)
app.command("gates")(gates.gates)
app.command("decide")(gates.decide)
app.add_typer(secrets.secrets, name="secrets")
app.command("tools")(tools.tools)
app.command("costs")(costs.costs)
app.command("budgets")(budgets.budgets)
app.add_typer(cache.app, name="cache")
app.command("up")(up.up)


if __name__ == "__main__":
    app()
