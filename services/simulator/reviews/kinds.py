"""Kinds of product: the words that give one away, what people do to get it, and what they write about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Kind:
    """`aspects` are terms for a `the` before them; those in `plural` take a plural verb."""

    words: frozenset[str]
    noun: str  #: what a later sentence calls the product
    verbs: tuple[str, ...]  #: past tense, the product follows
    single: tuple[str, ...]
    plural: tuple[str, ...]

    @property
    def aspects(self) -> tuple[str, ...]:
        return self.single + self.plural


BOUGHT = ("bought", "ordered", "picked up", "chose", "settled on", "decided on", "upgraded to", "switched to")
VISITED = ("visited", "tried", "booked", "chose", "went to", "stopped by", "came back to", "settled on")
TASTED = ("bought", "tried", "tasted", "ordered", "picked up", "sampled", "stocked up on", "settled on")
JOINED = ("tried", "signed up for", "switched to", "chose", "moved to", "settled on", "started with", "decided on")


def _kind(words: str, noun: str, verbs: tuple[str, ...], single: str, plural: str) -> Kind:
    return Kind(frozenset(words.split()), noun, verbs, tuple(single.split(", ")), tuple(plural.split(", ")))


GENERIC = _kind(
    "", "product", ("tried", "chose", "settled on", "decided on", "went for", "opted for", "got", "turned to"),
    "overall quality, value for money, design, packaging, delivery, customer service, durability, ease of use, "
    "finish, reliability, setup, warranty",
    "materials, instructions, details, extras",
)  # fmt: skip

# the first whose words a name holds
KINDS = (
    _kind(
        "headphones headphone earbuds earphones headset speaker speakers soundbar audio airpods microphone turntable",
        "pair", BOUGHT,
        "sound quality, bass, noise cancelling, battery life, comfort, fit, build quality, bluetooth connection, "
        "microphone quality, carrying case, treble, charging time",
        "ear cushions, touch controls, voice prompts, volume buttons",
    ),
    _kind(
        "phone smartphone iphone galaxy pixel tablet ipad android watch smartwatch", "device", BOUGHT,
        "screen, battery life, camera, charging speed, signal reception, fingerprint reader, performance, storage, "
        "build quality, user interface, call quality, brightness",
        "speakers, notifications, software updates, photos",
    ),
    _kind(
        "laptop computer notebook macbook pc desktop keyboard mouse monitor printer router chromebook display ssd",
        "machine", BOUGHT,
        "keyboard, display, trackpad, battery life, processor speed, cooling, build quality, webcam, memory, weight, "
        "boot time, fan noise",
        "ports, hinges, drivers, speakers",
    ),
    _kind(
        "camera lens camcorder gopro drone tripod dslr mirrorless tv television projector", "device", BOUGHT,
        "picture quality, autofocus, image stabilisation, grip, viewfinder, menu system, battery life, low-light "
        "performance, zoom, remote control, resolution, weight",
        "colours, buttons, presets, cables",
    ),
    _kind(
        "coffee tea wine beer chocolate snack snacks juice sauce cheese bread cereal honey food drink pasta oil "
        "biscuit biscuits cookies yogurt pizza burger", "product", TASTED,
        "taste, aroma, texture, freshness, aftertaste, sweetness, packaging, portion size, value for money, colour, "
        "shelf life, richness",
        "ingredients, flavours, servings, labels",
    ),
    _kind(
        "restaurant cafe café bistro diner pizzeria bakery bar pub canteen", "place", VISITED,
        "food, service, atmosphere, menu, wine list, waiting time, cleanliness, location, seating, bill, dessert, "
        "noise level",
        "portions, starters, waiters, side dishes",
    ),
    _kind(
        "hotel hostel resort motel inn airline flight cruise airbnb apartment tour travel trip museum", "place",
        VISITED,
        "location, breakfast, bedroom, bathroom, check-in, cleanliness, view, swimming pool, reception desk, wifi, "
        "bed, parking",
        "towels, facilities, staff members, surroundings",
    ),
    _kind(
        "blender toaster oven microwave kettle fryer cooker mixer grinder espresso dishwasher fridge refrigerator "
        "freezer vacuum washer dryer iron heater fan purifier knife pan pot cookware humidifier", "appliance", BOUGHT,
        "motor, capacity, noise level, control panel, cleaning, energy consumption, build quality, "
        "temperature control, "
        "power cord, timer, lid, design",
        "attachments, settings, filters, instructions",
    ),
    _kind(
        "shoes shoe sneakers boots sandals running trainers jacket shirt dress jeans coat sweater hoodie trousers "
        "socks hat gloves backpack bag handbag wallet suit skirt leggings t-shirt", "item", BOUGHT,
        "fit, fabric, stitching, colour, sizing, comfort, durability, lining, style, cut, breathability, zip",
        "seams, pockets, soles, straps",
    ),
    _kind(
        "chair desk table sofa couch bed mattress pillow lamp shelf wardrobe cabinet bookcase rug curtain furniture "
        "stool", "piece", BOUGHT,
        "assembly, comfort, stability, finish, fabric, height adjustment, firmness, delivery, design, surface, "
        "back support, smell",
        "instructions, legs, screws, cushions",
    ),
    _kind(
        "book novel ebook textbook magazine comic album film movie series podcast biography cookbook", "title",
        ("read", "finished", "picked up", "started", "got through", "returned to", "discovered", "borrowed"),
        "plot, writing style, pacing, ending, dialogue, cover, translation, structure, narration, research, opening, "
        "humour",
        "characters, illustrations, chapters, descriptions",
    ),
    _kind(
        "app software subscription platform website tool plugin crm saas cloud vpn antivirus editor game browser "
        "streaming service bank insurance account broadband internet plan", "service", JOINED,
        "user interface, onboarding, customer support, loading speed, pricing, search function, mobile version, "
        "documentation, stability, data export, sign-up process, security",
        "integrations, updates, notifications, reports",
    ),
    _kind(
        "course class training tutorial workshop webinar school university lesson lessons bootcamp", "course", JOINED,
        "syllabus, teaching style, pace, feedback, course material, certificate, community, workload, platform, "
        "tuition fee, video quality, schedule",
        "exercises, lectures, instructors, assignments",
    ),
    _kind(
        "car bike bicycle scooter suv motorcycle ebike e-bike truck van vehicle tyre tyres helmet stroller pram",
        "vehicle", BOUGHT,
        "handling, steering, suspension, range, saddle comfort, acceleration, gear shifting, paintwork, storage space, "
        "noise level, visibility, build quality",
        "brakes, lights, tyres, mirrors",
    ),
    _kind(
        "cream lotion serum shampoo conditioner moisturizer moisturiser sunscreen perfume makeup lipstick mascara "
        "soap deodorant toothbrush toothpaste razor skincare foundation cleanser", "product", BOUGHT,
        "scent, texture, absorption, packaging, coverage, lather, effect on skin, pump, shelf life, value for money, "
        "consistency, aftercare",
        "ingredients, results, bristles, refills",
    ),
    _kind(
        "toy lego puzzle doll playset dumbbell treadmill yoga mat tent fishing skateboard racket ball drill saw hammer "
        "mower hose grill barbecue ladder dog cat pet leash aquarium plant", "set", BOUGHT,
        "sturdiness, design, safety, assembly, storage, grip, surface, playability, box, colour scheme, weight, handle",
        "instructions, parts, edges, accessories",
    ),
)  # fmt: skip


def kind_of(product: str) -> Kind:
    """By the words of the name, else `GENERIC`."""
    words = set(re.findall(r"[\w'-]+", product.lower()))
    return next((kind for kind in KINDS if kind.words & words), GENERIC)


def is_plural(term: str) -> bool:
    """Whether a verb after the term is plural: by our own lists, else by the ending of its last word."""
    low = term.strip().lower()
    for kind in (*KINDS, GENERIC):
        if low in kind.plural:
            return True
        if low in kind.single:
            return False
    return bool(re.search(r"[a-z](?<![suio'])s$", low))


def replacement(term: str, text: str, rng: Random) -> str:
    """Another aspect of the term's kind and number that stands nowhere in the text."""
    low, plural = term.lower(), is_plural(term)
    homes = [kind for kind in KINDS if low in kind.aspects] or [GENERIC]
    standing = text.lower()
    for kind in (rng.choice(homes), GENERIC, *KINDS):
        free = [other for other in (kind.plural if plural else kind.single) if other not in standing and other != low]
        if free:
            return rng.choice(free)
    return f"other {low}"
