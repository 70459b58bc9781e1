"""The comparison of feature blocks in Markdown."""

from __future__ import annotations

from mos_assets.evaluation.feature_sets import FeatureComparison
from mos_assets.evaluation.resampling import LEVEL
from mos_assets.evaluation.text import and_list, count, plain, share
from mos_assets.reporting.markdown import cell, interval_text, signed

HOW_TO_READ = (
    f"Means over the folds of the run; intervals are those of {share(LEVEL)}, over contents. The "
    "regressors are the head without its networks, settings chosen inside the training folds: the "
    "head itself, whose own figures stand elsewhere, may reach a little more or less. A dash: it "
    "predicts the same for all. The best of many sets was picked after "
    "it was seen, and owes some of its lead to that: a margin whose interval holds 0 decides "
    "nothing."
)


def feature_sets_page(compared: FeatureComparison) -> str:
    """The page: a line of verdict, what every set reaches, and what each block adds."""
    found, own = compared.found, compared.found.own
    lines = [
        f"# Feature blocks of {cell(' and '.join(compared.corpora))}",
        "",
        cell(verdict_on_sets(compared)),
        "",
        "| features | columns | PLCC | interval | SROCC | RMSE | over the run's | interval |",
        "|---|--:|--:|---|--:|--:|--:|---|",
    ]
    for each in found.sets:
        name = cell("+".join(each.blocks))
        lines.append(
            f"| {f'**{name}**' if each.blocks == own else name} | {each.n_columns} "
            f"| {plain(each.plcc)} | {interval_text(each.plcc_interval)} | {plain(each.srocc)} "
            f"| {plain(each.rmse)} | {signed(each.margin)} "
            f"| {interval_text(each.margin_interval)} |"
        )
    needs = {block.name: block for block in compared.blocks}
    if found.worth:
        lines += ["", "What all of them together lose without one:", ""]
        lines += ["| block | columns | needs | loss of PLCC | interval |", "|---|--:|---|--:|---|"]
        for worth in found.worth:
            block = needs[worth.block]
            lines.append(
                f"| {cell(block.name)} | {block.n_columns} | {block.needs} | {signed(worth.loss)} "
                f"| {interval_text(worth.loss_interval)} |"
            )
    lines += ["", HOW_TO_READ]
    if compared.clips_left_out:
        lines += [
            "",
            f"{count(compared.clips_left_out)} clips that train are not among them: they "
            "lack a figure of some block, or there are too many clips.",
        ]
    if compared.left_out:
        lines += ["", "Not compared:", ""]
        lines += [f"- {cell(name)}: {cell(why)}" for name, why in compared.left_out.items()]
    return "\n".join(lines) + "\n"


def verdict_on_sets(compared: FeatureComparison) -> str:
    """Whether other blocks than the run's would be better, as far as these clips tell."""
    found = compared.found
    over = f"over {count(found.n_clips)} clips of {count(found.n_contents)} contents"
    if compared.clips_left_out:
        known = found.n_clips / (found.n_clips + compared.clips_left_out)
        over += f", {share(known)} of those in folds"
    best = found.sets[0]
    named = "+".join(best.blocks)
    if len(found.sets) == 1:
        return f"There is one set of blocks here, {named}: PLCC {plain(best.plcc)} {over}."
    if not found.own:
        return f"The best of {len(found.sets)} sets is {named}: PLCC {plain(best.plcc)} {over}."
    if not any(each.margin_interval for each in found.sets):
        return (
            f"Nothing can be decided {over}: too few contents for intervals. Rate clips of more "
            "scenes."
        )
    better = [
        "+".join(each.blocks)
        for each in found.sets
        if each.margin_interval is not None and each.margin_interval.low > 0
    ]
    if not better:
        return (
            f"No other set of blocks that are here is better than the run's own, as far as can be "
            f"told {over}."
        )
    rest = f" (and {len(better) - 3} more)" if len(better) > 3 else ""
    return f"Better than the run's own blocks {over}: {and_list(better[:3])}{rest}."
