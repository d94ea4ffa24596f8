"""From a number of offers to a whole invented world: owners, sites, units, places, people and offers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from rorbridge.lookalike.codes import Json
from rorbridge.lookalike.communes import Commune, communes
from rorbridge.lookalike.invent import capacity
from rorbridge.lookalike.invent.catalogue import (
    EstablishmentKind,
    OfferKind,
    establishment_kinds,
    establishments,
    offer_kinds,
)
from rorbridge.lookalike.invent.contacts import slug
from rorbridge.lookalike.invent.dice import Weighted
from rorbridge.lookalike.invent.names import flower, of_place
from rorbridge.lookalike.invent.offers import OfferPlan, offer
from rorbridge.lookalike.invent.official import add_official_examples
from rorbridge.lookalike.invent.organisations import (
    FUNCTIONAL_UNIT,
    POLE,
    SERVICE,
    establishment,
    legal_entity,
    owner_name,
    unit,
)
from rorbridge.lookalike.invent.places import Site, place, site
from rorbridge.lookalike.invent.professionals import person, role
from rorbridge.lookalike.invent.register import Register
from rorbridge.lookalike.pause import collector_paused
from rorbridge.lookalike.resources import Dataset

_SAINT_HERBLAIN, _NANTES, _REZE = "44162", "44109", "44143"
_SHOWCASE: Final = (
    ("hospital", _SAINT_HERBLAIN), ("rehabilitation", _SAINT_HERBLAIN), ("retirement-home", _SAINT_HERBLAIN),
    ("home-nursing", _SAINT_HERBLAIN), ("psychiatry", _SAINT_HERBLAIN), ("health-centre", _SAINT_HERBLAIN),
    ("disabled-children", _SAINT_HERBLAIN), ("home-help", _SAINT_HERBLAIN), ("office", _SAINT_HERBLAIN),
    ("hospital", _NANTES), ("rehabilitation", _REZE), ("health-centre", _NANTES), ("office", _REZE),
)  # fmt: skip
_SHOWCASE_FROM: Final = 500
"""Offers from which on the showcase is built: the documentation's examples need something to find near Nantes."""

_BED_MODES: Final = frozenset({"13", "28", "30", "34", "46"})
_PLACE_MODES: Final = frozenset({"09", "29", "31", "41", "47"})
_LODGING: Final = frozenset({"001", "002", "003", "004"})
_ADDRESS: Final = "005"
_MODE_WORDS: Final = {
    "28": "hospitalisation complète", "29": "hospitalisation de jour", "09": "chirurgie ambulatoire",
    "32": "consultations", "46": "hébergement", "47": "accueil de jour", "49": "à domicile",
}  # fmt: skip
_PRACTICES: Final = frozenset({"office", "health-centre"})
_SERVICES_A_POLE: Final = 4


def invent(offers: int, seed: int) -> Dataset:
    """Invent *offers* offers and what they need, then add the official examples. ValueError when it is negative."""
    if offers < 0:
        message = f"a data set cannot have {offers} offers"
        raise ValueError(message)
    with collector_paused():
        world = _World(Register(seed), offers)
        if offers >= _SHOWCASE_FROM:
            by_key = {kind.key: kind for kind in reversed(establishment_kinds())}
            for key, commune in _SHOWCASE:
                world.settle(by_key[key], communes()[commune], showcase=True)
        while world.left:
            world.settle(establishments().pick(world.dice), _communes().pick(world.dice))
        add_official_examples(world.register)
    return world.register.dataset


@cache
def _communes() -> Weighted[Commune]:
    known = list(communes().values())
    return Weighted(known, [one.population for one in known])


@dataclass(frozen=True, slots=True, eq=False)
class _Service:
    """A provider of offers: a site or one of its units, and the kind of offers it has."""

    kind: OfferKind
    provider: Json
    modes: list[str]


class _World:
    """The world so far; `left` counts the offers that are still to be made."""

    def __init__(self, register: Register, offers: int) -> None:
        self.register = register
        self.dice = register.dice
        self.left = offers
        self._owners: dict[tuple[str, str], list[Json]] = defaultdict(list)

    def settle(self, kind: EstablishmentKind, commune: Commune, showcase: bool = False) -> None:
        """Found an establishment of *kind* in *commune*, with its units, places, people and offers."""
        name = self.dice.pick(kind.names[:1] if showcase else kind.names)
        name = name.format(of=of_place(commune.name), flower=flower(self.dice))
        where = site(self.dice, commune, f"{slug(name)}.example.org")
        owner = self._owner(kind, where)
        home = establishment(self.register, where, kind, name, owner)
        if kind.units and self.dice.chance(0.3):
            # A place that no offer uses yet hangs on its site instead (ROR-API section 1).
            spare = place(self.register, where, _ADDRESS, f"{name} – bâtiment annexe", [])
            spare["managingOrganization"] = {"reference": f"Organization/{home['id']}"}
        for service in self._services(kind, home, where, showcase):
            for mode in service.modes:
                if not self.left:
                    return
                self._open(kind, service, mode, where)

    def _owner(self, kind: EstablishmentKind, where: Site) -> Json:
        legal = self.dice.pick(kind.legal)
        pool = self._owners[where.region, legal]
        if pool and legal != "practice" and self.dice.chance(0.4):
            return self.dice.pick(pool)
        name = owner_name(legal, of_place(where.commune.name), flower(self.dice))
        owner = legal_entity(self.register, where, legal, name)
        pool.append(owner)
        return owner

    def _services(self, kind: EstablishmentKind, home: Json, where: Site, showcase: bool) -> Iterator[_Service]:
        """Give what the establishment offers, one service after the other, and build its units on the way."""
        wanted, pole = self.dice.between(kind.least, kind.most), home
        for number, offered in enumerate(self._choose(kind, wanted, showcase)):
            modes = list(offered.modes) if showcase else self.dice.some(offered.modes, 1, len(offered.modes))
            if not kind.units:
                yield _Service(offered, home, modes)
                continue
            if number % _SERVICES_A_POLE == 0:
                pole = unit(self.register, where, POLE, f"Pôle {offered.label}", home)
            if self.dice.chance(0.15):
                # Not every source describes units: some offers are provided by the site itself.
                yield _Service(offered, home, modes)
                continue
            service = unit(self.register, where, SERVICE, f"Service {offered.label}", pole)
            if self.dice.chance(0.2):
                service = unit(self.register, where, FUNCTIONAL_UNIT, f"UF {offered.label}", service)
            yield _Service(offered, service, modes)

    def _choose(self, kind: EstablishmentKind, wanted: int, showcase: bool) -> list[OfferKind]:
        """Choose the kinds of offers of an establishment, the common ones oftener; practices may repeat a kind."""
        known = offer_kinds(kind.key)
        if showcase and kind.key not in _PRACTICES:
            return [one for one in known if one.weight >= 4]
        if kind.key in _PRACTICES:
            return [_weighted(kind.key).pick(self.dice) for _ in range(wanted)]
        chosen: dict[OfferKind, None] = {}
        services = max(1, min(len(known), wanted if not kind.units else wanted * 2 // 3))
        while len(chosen) < services:
            chosen[_weighted(kind.key).pick(self.dice)] = None
        return list(chosen)

    def _open(self, kind: EstablishmentKind, service: _Service, mode: str, where: Site) -> None:
        """Open one offer, with its places and, in a practice, with the person who practises."""
        offered = service.kind
        practice = kind.key in _PRACTICES
        who = person(self.register, offered, where.region) if practice or self.dice.chance(0.06) else None
        if who and practice:
            name = f"Cabinet {'du ' + who.title if who.doctor else of_place(who.title)} – {offered.label}"
        else:
            words = f" ({_MODE_WORDS[mode]})" if mode in _MODE_WORDS and len(offered.modes) > 1 else ""
            units = service.provider["name"] if self.dice.chance(0.05) else self._site_name(service)
            name = f"{units} – {offered.label}{words}"
        places = tuple(self._places(offered, mode, where))
        made = offer(self.register, OfferPlan(offered, mode, service.provider, where, places, name))
        self.left -= 1
        if who and self.dice.chance(0.95):
            role(self.register, who, offered, made, where)
            if practice and self.dice.chance(0.08):
                # A colleague who practises in the same offer.
                role(self.register, person(self.register, offered, where.region), offered, made, where)

    def _site_name(self, service: _Service) -> str:
        """Climb from a unit to its site, whose name is the one that people know."""
        organization = service.provider
        parent = organization.get("partOf")
        while parent and organization["identifier"][0]["system"] == "https://oi.esante.gouv.fr":
            organization = self.register.dataset.organizations[parent["reference"].partition("/")[2]]
            parent = organization.get("partOf")
        name: str = organization["name"]
        return name

    def _places(self, offered: OfferKind, mode: str, where: Site) -> Iterator[Json]:
        """Give the places of an offer: its own ward or room, or one that it shares, seldom several or none."""
        if self.dice.chance(0.03):
            return
        if mode in _BED_MODES:
            yield self._ward(offered, mode, where, capacity.BED)
            if self.dice.chance(0.12):
                yield self._ward(offered, mode, where, capacity.BED)
        elif mode in _PLACE_MODES and self.dice.chance(0.8):
            yield self._ward(offered, mode, where, capacity.PLACE)
        else:
            yield self._shared(offered, where)
        if self.dice.chance(0.08):
            yield self._elsewhere(offered, where)

    def _ward(self, offered: OfferKind, mode: str, where: Site, nature: str) -> Json:
        extensions = capacity.beds(self.dice, nature) if self.dice.chance(0.92) else []
        extensions += self._equipment(offered)
        if offered.field == "04" and mode == "46" and self.dice.chance(0.8):
            extensions += capacity.rooms(self.dice)
        zone = f"UF{self.dice.between(1000, 9999)}" if self.dice.chance(0.5) else None
        name = f"{offered.label} – {self._floor()}"
        return place(self.register, where, offered.function, name, extensions, zone=zone)

    def _shared(self, offered: OfferKind, where: Site) -> Json:
        function = _ADDRESS if offered.function in _LODGING else offered.function
        known = where.shared.setdefault(function, [])
        if known and self.dice.chance(0.7):
            return self.dice.pick(known)
        made = place(self.register, where, function, f"{offered.label} – accueil", self._equipment(offered))
        known.append(made)
        return made

    def _elsewhere(self, offered: OfferKind, where: Site) -> Json:
        """Build a second address in the same commune, such as another practice or an annex."""
        other = site(self.dice, where.commune, where.domain)
        other.id_nat = where.id_nat
        return place(self.register, other, _ADDRESS, f"{offered.label} – antenne", [])

    def _equipment(self, offered: OfferKind) -> list[Json]:
        chosen = self.dice.some(offered.equipment, 0, 3) if offered.equipment else []
        return [capacity.equipment(self.dice, code) for code in chosen]

    def _floor(self) -> str:
        return self.dice.pick(("rez-de-chaussée", "1er étage", "2e étage", "3e étage", "aile nord", "aile sud"))


@cache
def _weighted(establishment_key: str) -> Weighted[OfferKind]:
    kinds = offer_kinds(establishment_key)
    return Weighted(kinds, [kind.weight for kind in kinds])
