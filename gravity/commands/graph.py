"""`gravity graph`."""

from gravity.commands.options import ConfigOption, opened

EPILOG = "Example: gravity graph > graphs.md"


def command(config: ConfigOption = None) -> None:
    """The LangGraph graphs as Mermaid."""
    from gravity.graphs.check import check_graph
    from gravity.graphs.curate import curate_graph
    from gravity.graphs.gathering import gathering_graph
    from gravity.graphs.profile import profile_graph
    from gravity.graphs.reading import reading_graph
    from gravity.graphs.scenario import scenario_graph

    with opened(config) as project:
        crew = project.setup().crew()
        for name, compiled in (
            ("curate", curate_graph(crew)),
            ("reading", reading_graph(crew)),
            ("gathering", gathering_graph(crew)),
            ("scenario", scenario_graph(crew)),
            ("profile", profile_graph(crew)),
            ("check", check_graph(crew)),
        ):
            print(f"## {name}\n\n```mermaid\n{compiled.get_graph().draw_mermaid().strip()}\n```\n")
