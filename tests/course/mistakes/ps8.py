"""Plausible wrong answers to problem set 8: answer -> [(code, cells lost)]."""

# An experiment on two systems that takes no time; open are what is random in it and what is told.
EXPERIMENT = """question = "Does the second system come out higher than the first one?"
baseline, ours = "first", "second"
def experiment(seed):
    luck = {generator}.normal(size=2)
    return {{"first": {first}, "second": float(1 + luck[1])}}
results = {results}
apart = np.array([r["second"] - r["first"] for r in results.values()])
half = {quantile} * apart.std(ddof=1) / np.sqrt(len(apart))
claim = (apart.mean() - half, apart.mean() + half)
verdict = {verdict}"""
FIRST, SEEDED = "float(luck[0])", "np.random.default_rng(seed)"
RESULTS = "{seed: experiment(seed) for seed in range(5)}"
VERDICT = '"higher" if claim[0] > 0 else "lower" if claim[1] < 0 else "open"'


def experiment(
    generator=SEEDED,
    first=FIRST,
    results=RESULTS,
    quantile="STUDENT[len(apart) - 1]",
    verdict=VERDICT,
):
    return EXPERIMENT.format(
        generator=generator, first=first, results=results, quantile=quantile, verdict=verdict
    )


MISTAKES = {
    "interval": [
        # the normal distribution's 1.96 for any number of seeds
        (
            """def interval(values):
    values = np.asarray(values, float)
    if len(values) < 3:
        raise ValueError("too few")
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half""",
            {"interval-shown", "interval-hidden", "paired-hidden"},
        ),
        # the deviation of a whole population, not of a sample
        (
            """def interval(values):
    values = np.asarray(values, float)
    if len(values) < 3:
        raise ValueError("too few")
    half = STUDENT[len(values) - 1] * values.std() / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half""",
            {"interval-shown", "interval-hidden", "paired-hidden"},
        ),
        # any number of seeds will do
        (
            """def interval(values):
    values = np.asarray(values, float)
    half = STUDENT.get(len(values) - 1, 12.706) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half""",
            {"interval-hidden", "paired-hidden"},
        ),
        # the value for three seeds at any number
        (
            """def interval(values):
    values = np.asarray(values, float)
    if len(values) < 3:
        raise ValueError("too few")
    half = 4.303 * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half""",
            {"interval-hidden", "paired-hidden"},
        ),
    ],
    "paired": [
        # results in the order of the dictionaries
        (
            """def paired(ours, baseline):
    return interval([a - b for a, b in zip(ours.values(), baseline.values())])""",
            {"paired-hidden"},
        ),
        # two means with errors of their own
        (
            """def paired(ours, baseline):
    seeds = [s for s in ours if s in baseline]
    a, b = (np.array([x[s] for s in seeds]) for x in (ours, baseline))
    if len(seeds) < 3:
        raise ValueError("too few")
    half = STUDENT[len(seeds) - 1] * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(seeds))
    return a.mean() - b.mean() - half, a.mean() - b.mean() + half""",
            {"paired-shown", "paired-hidden"},
        ),
    ],
    "two-numbers": [
        # one of the two was meant to win; one standard deviation
        ("seeds_needed, for_nothing = 5, 0.02", {"seeds-needed-hidden", "for-nothing-hidden"}),
        # the standard error of the mean
        (
            "seeds_needed, for_nothing = 6, 0.02 / 5**0.5",
            {"for-nothing-hidden"},
        ),
    ],
    "experiment": [
        # numbers from a generator that the seed does not set
        (experiment(generator="np.random"), {"reproducible-hidden"}),
        # half of them
        (experiment(first="float(np.random.normal())"), {"reproducible-hidden"}),
        # all seeds are the same
        (
            experiment(generator="np.random.default_rng(0)", quantile="0"),
            {"seeds-matter-hidden"},
        ),
        # two seeds
        (
            experiment(results="{seed: experiment(seed) for seed in range(2)}", quantile="12.7"),
            {"form-shown", "seeds-matter-hidden", "claim-hidden"},
        ),
        # so wide that nothing could speak against it
        (experiment(quantile="12.0"), {"claim-hidden"}),
        # one standard error
        (experiment(quantile="1.0"), {"claim-hidden"}),
        # what one had hoped for
        (experiment(verdict='"lower"'), {"claim-hidden"}),
        # results that were written down from somewhere else
        (
            experiment(
                results="{0: {'first': 0.1, 'second': 1.2}, 1: {'first': 0.3, 'second': 1.1},"
                " 2: {'first': 0.2, 'second': 1.4}}"
            ),
            {"reproducible-hidden"},
        ),
        # no baseline
        (
            experiment().replace(
                'baseline, ours = "first", "second"', 'baseline, ours = "second", "second"'
            ),
            {"form-shown", "claim-hidden"},
        ),
    ],
}
