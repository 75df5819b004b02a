"""What the emulator shows: progress while it boots, the table of vantage points, a line per request, what happens to Machines."""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from fly.edge.emulator import Emulator
from fly.edge.feed import QUIET_PATHS
from fly.edge.page import PREFIX
from fly.edge.proxy import Line
from fly.regions import REGIONS


class Screen:
    """Writes to a terminal or a pipe; no cookie, no query string, no body ever."""

    def __init__(self, console: Console | None = None, quiet_paths: tuple[str, ...] = QUIET_PATHS) -> None:
        self.console = console or Console(highlight=False)
        self.quiet_paths = quiet_paths

    def progress(self) -> Progress:
        """A display of steps under way; use it as a context."""
        return Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=self.console, transient=False)

    def table(self, emulator: Emulator, latency: str) -> None:
        """Where to click, and where to watch."""
        caption = f"latency: {latency} · Ctrl-C ends everything"
        table = Table(title="Where do you want to stand?", title_justify="left", caption=caption, caption_justify="left")
        for column in ("you are in", "open", "machine"):
            table.add_column(column, overflow="fold")
        for code, edge in emulator.edges.items():
            region = REGIONS[code]
            here = [
                f"{one.plan.name} {one.id[:4]} · {f'pid {one.pid}' if one.pid else 'asleep'}"
                for one in emulator.machines.values()
                if one.plan.region == code
            ]
            url = f"http://{emulator.settings.host}:{edge.port}/"
            table.add_row(f"{region.flag} {region.city}", f"[link={url}]{url}[/link]", "\n".join(here))
        if emulator.desk is not None and emulator.edges:
            page = f"http://{emulator.settings.host}:{next(iter(emulator.edges.values())).port}{PREFIX}"
            table.add_section()
            table.add_row("🗺  everywhere", f"[link={page}]{page}[/link]", "watch, and break things")
        self.console.print(table)

    def line(self, line: Line) -> None:
        """One request."""
        if line.path.startswith(self.quiet_paths) and line.status < 400:
            return
        style = "green" if line.status < 300 else "cyan" if line.status < 400 else "yellow" if line.status < 500 else "red"
        text = Text()
        text.append(f"{line.status or '---'} ", style=style)
        text.append(f"{line.method:5}", style="bold")
        text.append(f"{line.host}{line.path[:80]}  ")
        text.append(line.trace.text(line.elapsed_ms, "→") + (f"  {line.code}" if line.code else ""), style="dim")
        self.console.print(text, soft_wrap=True)

    def say(self, text: str) -> None:
        """What happens to a Machine."""
        self.console.print(Text(f"· {text}", style="magenta"), soft_wrap=True)
