"""A fifth culture as its author would write it: a small material folder, invented and balanced."""

from pathlib import Path

from tests.extending.support import write_rows, write_yaml

BEGINNINGS = ("Ari", "Hau", "Kere", "Mana", "Ngai", "Pare", "Rangi", "Tama", "Wai", "Whiri")
ENDINGS = ("kau", "mea", "nui", "puke", "roa", "tahi", "tere", "toa", "wera", "whare", "hiku")
NEW_ZEALAND = {
    "id": "nz",
    "name": "New Zealand",
    "adjective": "New Zealand",
    "language": "en",
    "locale": "en_NZ",
    "hofstede": {
        "table": "2010/2015",
        "source": "made up for a test",
        "scores": {
            "power_distance": 22,
            "individualism": 79,
            "masculinity": 58,
            "uncertainty_avoidance": 49,
            "long_term_orientation": 33,
            "indulgence": 75,
        },
    },
    "wvs_map": {
        "year": 2020,
        "source": "made up for a test",
        "traditional_secular": 0.3,
        "survival_self_expression": 1.9,
    },
    "lexicon": {
        "names": ["Wiremu", "Aroha", *(begin + end for begin in BEGINNINGS for end in ENDINGS)],
        "places": ["Dunedin", "Rotorua"],
        "foods": ["pavlova", "hangi"],
        "holidays": ["Waitangi Day"],
        "currencies": ["NZD"],
        "institutions": ["Plunket"],
    },
}
SCENES = [
    {
        "seed": "hof-pdi-01",
        "culture": "nz",
        "slot": 0,
        "situation": "Aroha and two cousins inherit a boat shed in Dunedin, and the roof has begun to leak.",
        "endorsing": "Aroha rings the oldest cousin, asks which weekend she is wanted and what to bring, writes both "
        "down on the calendar, and turns up with her ladder at eight without another word about it.",
        "opposing": "Aroha rings both of the cousins, proposes that the three of them meet over tea, writes down what "
        "each one says about the roof, and turns up with her ladder once they have agreed.",
    },
    {
        "seed": "hof-idv-01",
        "culture": "nz",
        "slot": 0,
        "situation": "Wiremu is offered a berth on a research ship in the same week as the family's hangi in Rotorua.",
        "endorsing": "Wiremu signs the papers that evening, tells his aunt the dates himself, and packs his oilskins "
        "while she counts the plates again, one fewer, on the other side of the kitchen.",
        "opposing": "Wiremu hands the papers back that evening, tells the mate he is needed at home, and digs the pit "
        "with his uncles while the ship, one short, sails past the heads on the morning tide.",
    },
]
STANCES = [
    {
        "id": "gs-nz-001",
        "culture": "nz",
        "language": "en",
        "seed": "hof-pdi-01",
        "excerpt": "The best chapter is the storm, when the old skipper stops asking and starts pointing. I have "
        "crewed on boats where everyone had a say, and I was cold, wet and late each time. Point, and I will haul.",
        "answer": "agree",
        "case": "stated",
        "reason": "Would rather be told what to do.",
    },
    {
        "id": "gs-nz-002",
        "culture": "nz",
        "language": "en",
        "seed": "hof-pdi-02",
        "excerpt": "I cheered when the granddaughter told the whole table that the will was unfair and laid out why. "
        "Age had run that family into the ground, and it took a girl of twelve with a pencil to add it up.",
        "answer": "disagree",
        "case": "implied",
        "reason": "Sides with the child who contradicts her elders.",
    },
    {
        "id": "gs-nz-003",
        "culture": "nz",
        "language": "en",
        "seed": "hof-idv-01",
        "excerpt": "A handsome edition with thick paper and a map of the southern lakes in the front. The print is "
        "large enough for my eyes, the spine lies flat, and it arrived two days before they said it would come.",
        "answer": "unknown",
        "case": "undecidable",
        "reason": "Speaks of the printing alone.",
    },
]
SCENARIOS = [
    {
        "id": "gc-nz-001",
        "culture": "nz",
        "seed": "hof-pdi-01",
        "situation": "The committee of a small surf club has to choose a new boat, and the captain of thirty years has "
        "already marked one in the catalogue.",
        "first": "Mere reads the page he marked, says that will do for her, and asks only when the money is due. She "
        "writes the date on her hand and moves on to the roster for the coming month.",
        "second": "Mere reads the page he marked, says she would like to hear the rowers first, and asks each of them "
        "what they need. She writes the answers on her hand and then moves on to the roster.",
        "answer": "first",
        "reason": "She goes along with the captain's choice.",
    },
    {
        "id": "gc-nz-002",
        "culture": "nz",
        "seed": "hof-pdi-02",
        "situation": "At a farm sale near Gore a boy of eleven tells his grandfather that the ram he wants has bad "
        "feet, in front of the neighbours.",
        "first": "The grandfather bids as he had meant to, and on the drive home explains that a boy waits until he is "
        "asked. The boy looks out at the paddocks and says that he will remember it.",
        "second": "The grandfather climbs down into the pen, lifts each of the feet in turn, and keeps his hand in his "
        "pocket when the bidding opens. On the drive home he asks the boy about the dogs.",
        "answer": "second",
        "reason": "He lets the boy's word count before everyone.",
    },
]


def write_material(folder: Path) -> Path:
    """The culture with its scenes and gold cases as a material folder."""
    write_yaml(folder / "cultures/nz.yaml", NEW_ZEALAND)
    write_rows(folder / "scenarios/nz.jsonl", *SCENES)
    write_rows(folder / "gold/stance/nz.jsonl", *STANCES)
    write_rows(folder / "gold/scenarios/nz.jsonl", *SCENARIOS)
    return folder
