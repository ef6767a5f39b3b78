"""What stands at the top of published.md."""

HEAD = """\
# The published figures, and ours

Made by `python benchmarks/published.py --page` from `results/published-{device}.json`, {date}.
Every row with a scale is made by the product's own search and retrain: the epoch, and what a search
chooses, by validation with labelled anomalies; the test split is opened once. A row can be made
again by

```
TUNER_DATA=/data python benchmarks/published.py --only 'ITS NAME'
```

where its name is document, system, data, protocol, class and metric with ` | ` between them, or a
regular expression that is found in it.

Protocols: **P1** one class is normal, known anomalies of the other nine are in fit, one to ten
normals or 1:1, in equal numbers from three K-Means clusters; **P1u** the same with known
anomalies of five classes, tested on the four others; **P2** one class is normal, nothing else in
fit; **P3** nine classes are normal, one is left out; **P4** MVTec AD, 80% of train/good in fit,
70% of test tested; **P4s** the same with 40% of each kind of defect in fit; **P5** points in the
plane. AUPRC depends on the share of anomalies, 0.9 in P2 and 0.1 in P3. The anomalies are the
positives of every figure, unless its name says otherwise.

± is the standard deviation over seeds, on MVTec AD over divisions of the pictures; without it
there is one seed. Minutes are of one core, of searches by the clock, at the lowest priority of
a machine in use. The searches behind the survey's rows and behind *Search against published
defaults* draw by the sampler `tpe`, the default when the first of them was made. The scale is
smaller than in the papers: it stands in each row, and where it is what a figure suffers from is
not known. *Reached* compares with the published value, or with the project's own aim where the
row has one. A row without a scale (`-`) has no runs: what was published is computed there, or a
pace is taken from `detectors.py`. `rows_measured`, `rows_aimed` and `rows_reached` leave these
out.
"""
