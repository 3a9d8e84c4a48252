"""The suite's files: held to their form, compared with each other, made into a page."""

import copy
import json
import math
import re
from pathlib import Path

import pytest

import pararnn_edu
from pararnn_edu.__main__ import main
from pararnn_edu.bench.files import as_json
from pararnn_edu.bench.suite.compare import compare, report, slower
from pararnn_edu.bench.suite.growth import fit, growth
from pararnn_edu.bench.suite.page import page
from pararnn_edu.bench.suite.results import LISTS, Refused, load, stored
from pararnn_edu.bench.suite.schema import complaints
from tests.unit.figures.samples import Outline

from .suite_samples import PLAIN, STEP, record, records, result, spread


def test_a_made_up_file_is_whole(tmp_path):
    assert complaints(result()) == []
    path = tmp_path / "cpu.json"
    path.write_text(json.dumps(result()))
    assert load(path) == result()


def test_every_stored_result_is_whole_and_as_it_was_written():
    folder = Path(pararnn_edu.__file__).parent / "bench" / "results" / "suite"
    assert list(stored()) == sorted(path.stem for path in folder.glob("*.json"))
    for name, made in stored().items():
        assert (folder / f"{name}.json").read_text() == as_json(made, LISTS)
        assert made["growth"] == growth(made["records"])


def changed(*path, value=None):
    """The good file with one entry changed, or taken out if `value` is None."""
    made = copy.deepcopy(result())
    *where, last = path
    place = made
    for step in where:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return made


BAD = {
    "left_out missing": changed("left_out"),
    "format must be 1, got 7": changed("format", value=7),
    "device lacks driver": changed("device", "driver"),
    "machine lacks cores": changed("machine", "cores"),
    "the time must be an ISO date": changed("time", value="noon"),
    "record 2 lacks steps": changed("records", 1, "steps"),
    "record 2 is the second of 'autodiff'": changed("records", 1, "variant", value="autodiff"),
    "must have one baseline": changed("records", 1, "baseline", value="auto"),
    "is no positive number": changed("records", 2, "low_ms", value=math.nan),
    "floor_median 5.0 is not between 6": changed("records", 1, "floor_low", value=6.0),
    "2 repeats, at least 5": changed("records", 0, "repeats", value=2),
    "baseline to itself is 1.01": changed("records", 0, "ratio_median", value=1.01),
    "its gradient_deviation is 0.5": changed("records", 1, "gradient_deviation", value=0.5),
    "left_out 1 must have": changed("left_out", 0, "why", value=""),
}


@pytest.mark.parametrize("words", BAD)
def test_what_is_wrong_with_a_file_is_told(words):
    assert words in "; ".join(complaints(BAD[words]))


def test_a_solve_that_says_it_failed_is_kept():
    failed = {"converged": False, "deviation": None, "gradient_deviation": None}
    made = result(records=[*records(STEP), record(STEP, "newton", 2.0, **failed)])
    assert complaints(made) == []


def test_a_file_that_is_none_is_refused(tmp_path):
    for text, words in (("{", "cannot be read"), ("[]", "no JSON object"), ("{}", "missing")):
        path = tmp_path / "x.json"
        path.write_text(text)
        with pytest.raises(Refused, match=words):
            load(path)


def test_powers_and_their_errors():
    slope, error = fit([1, 10, 100, 1000], [3, 30, 300, 3000])
    assert slope == pytest.approx(1) and error == pytest.approx(0, abs=1e-12)
    slope, error = fit([1, math.e, math.e**2], [1, math.e**2, math.e])
    assert slope == pytest.approx(0.5) and error == pytest.approx(math.sqrt(0.75))


def test_growth_is_along_one_axis_with_the_rest_the_same():
    found = growth([each for problem in [*PLAIN, STEP] for each in records(problem)])
    assert [(g["problem"], g["variant"], g["over"], g["points"]) for g in found] == [
        ("forward/ParaLSTM/2xTx4", variant, "T", 3) for variant in ("auto", "copy", "scan")
    ]
    batches = [STEP._replace(batch=batch) for batch in (1, 2, 4)]
    found = growth([each for problem in batches for each in records(problem)])
    assert {(g["problem"], g["over"], g["slope"]) for g in found} == {
        ("step/ParaGRU/batchx64x4", "batch", 0.0)
    }


def with_auto(ratio, width=0.05, **changes):
    """The made-up file with another `Auto` in its first problem."""
    made = result()
    more = spread("ratio_{}", ratio, width) | spread("{}_ms", ratio * 0.064, width) | changes
    made["records"][1] = made["records"][1] | more
    return made


def test_slower_is_what_the_spread_does_not_explain():
    assert slower((1.0, 0.9, 1.1), (1.3, 1.2, 1.4))
    assert not slower((1.0, 0.9, 1.1), (1.3, 1.05, 1.6))  # the quartiles overlap
    assert not slower((1.0, 0.999, 1.001), (1.05, 1.049, 1.051))  # sure, and too little
    old = result()
    assert compare(old, old).passed and compare(old, old).compared == 15
    found = compare(old, with_auto(0.7))
    assert [(c.problem, c.variant) for c in found.slower] == [(STEP.name, "auto")]
    assert found.slower[0].factor == pytest.approx(1.4) and not found.passed
    assert "SLOWER: step/ParaGRU/64x4 auto: 1.40 times as long" in report(found)
    assert compare(old, with_auto(0.7, width=0.5)).passed
    found = compare(old, with_auto(0.3))
    assert found.passed and [c.variant for c in found.faster] == ["auto"]


def test_a_baseline_that_became_slower_shows_in_its_time():
    new = result()
    for each in new["records"]:
        each.update({key: 2 * each[key] for key in ("median_ms", "low_ms", "high_ms")})
    assert compare(result(), new).passed
    assert len(compare(result(), new, by="time").slower) == 15


def test_what_no_longer_converges_or_is_missing_is_told():
    new = with_auto(0.5, converged=False, elsewhere=0.5)
    new["records"].append(record(STEP, "newton", 2.0))
    del new["records"][2]
    found = compare(result(), new)
    assert found.broken == [(STEP.name, "auto")] and not found.passed
    text = report(found)
    assert "NO LONGER CONVERGES: step/ParaGRU/64x4 auto" in text
    assert "only in the old file: step/ParaGRU/64x4 copy" in text
    assert "only in the new file: step/ParaGRU/64x4 newton" in text


def test_two_devices_are_compared_only_when_told_to():
    new = changed("device", "name", value="A100")
    with pytest.raises(Refused, match=r"a device and A100.*--any-device"):
        compare(result(), new)
    found = compare(result(), new, any_device=True)
    assert found.passed and "different: device was a device, now A100" in report(found)


def test_the_exit_status_of_a_comparison(tmp_path, capsys):
    files = {
        "old": result(),
        "slow": with_auto(0.7),
        "other": changed("machine", "cores", value=99),
    }
    for name, made in files.items():
        (tmp_path / name).write_text(json.dumps(made))
    status = lambda new, *more: main(
        ["bench", "--compare", str(tmp_path / "old"), str(tmp_path / new), *more]
    )
    assert status("old") == 0
    assert status("slow") == 1
    assert "1 slower" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        status("other")
    assert status("other", "--any-device") == 0


@pytest.fixture(scope="module")
def html():
    made = result()
    more = [problem._replace(T=T) for T, problem in zip((16, 256), (STEP, STEP), strict=True)]
    made["records"] += [each for problem in more for each in records(problem, auto=0.2)]
    made["growth"] = growth(made["records"])
    return page(made)


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(html):
    outline = Outline(html)
    assert [tag for tag in outline.open if tag not in ("br", "img")] == []
    assert not re.search(r'(src|href)="(?!data:)', html) and "url(" not in html
    assert "prefers-color-scheme: dark" in html and 'lang="en"' in html
    assert "$" not in html and "no time &lt;left&gt;" in html
    assert f"jax {result()['machine']['jax']}" in html


def test_every_picture_has_a_text_and_every_number_a_table(html):
    pictures = re.findall(r"<img [^>]*>", html)
    texts = [re.search(r'alt="([^"]*)"', picture).group(1) for picture in pictures]
    assert len(texts) == 9 and all(len(text) > 40 for text in texts)
    assert any("Auto from 2 to 5" in text for text in texts)
    assert any("16 x 4 autodiff" in text for text in texts)  # Auto is faster, and no method
    for each in result()["records"]:
        assert f"<caption>{each['problem']}</caption>" in html


def test_the_page_is_written(tmp_path, capsys):
    (tmp_path / "cpu.json").write_text(json.dumps(result()))
    assert main(["bench", "--page", str(tmp_path / "cpu.json"), "--out", str(tmp_path / "p")]) == 0
    written = tmp_path / "p" / "index.html"
    assert str(written) in capsys.readouterr().out
    assert written.read_text().startswith("<!doctype html>")
    assert written.read_text() == page(result())
