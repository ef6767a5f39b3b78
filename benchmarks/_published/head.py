"""What stands at the top of published.md."""

HEAD = """\
# The published figures, and ours

Made by `python benchmarks/published.py --page` from `results/published-{device}.json`, {date}.
{made} of {rows} rows are here; leather's pictures are not, and its rows say so. The rows are
trained by the product's own search and retrain, the nearest neighbour by scikit-learn on the same
images. The epoch, and what a search chooses, are selected on validation with labelled anomalies,
which the papers of one-class systems do without: an advantage of ours. The test split is evaluated
once, but for the one digit of OMASGAN whose note says otherwise. A row is made by the
first of these commands, and its figure computed anew by the second:

```
TUNER_DATA=/data python benchmarks/published.py --only 'ITS NAME'
TUNER_DATA=/data python benchmarks/published.py --only 'ITS NAME' --again
```

where its name is document, system, data, protocol, class and metric with ` | ` between them, or
a regular expression that is found in it. A training gives the same figure again on the same kind of
processor; a search, whose trials end in another order each time, may find other settings.

Protocols: **P1** one class is normal, known anomalies of the other nine are in fit, one to ten
normals or 1:1, in equal numbers from three K-Means clusters; **P1u** the same with known
anomalies of five classes, tested on the four others; **P2** one class is normal, nothing else in
fit; **P3** nine classes are normal, one is left out; **P4** MVTec AD (copies of 256 x 256 pixels
in JPEG), 80% of train/good in fit, the rest of it and 30% of test in validation, 70% tested;
**P4s** the same with 40% of each kind of defect in fit and 20% in validation, with 30% of
test/good; the rest is tested; **P5** points in the plane. *Fit* is the part that is trained on. In
P1, P1u, P2 and P3 validation has 1,200 labelled images of either kind (1,000 normal ones of
CIFAR-10 in P1); in the survey's rows 300, in OMASGAN's 600. F1 is at the threshold where a logistic
regression of validation's labels on the score says one half, unless its note says otherwise. W1 and
W2 are the published sets of weights of the U-Net GAN, which is scored by its *mixture*: a logistic
regression on the parts of the score that is fitted on validation's labels. The published score is
the error alone. AUPRC depends on the share of anomalies, 0.9 in P2 and 0.1 in P3, and is so much by
chance. The anomalies are the positives of every figure, unless its name says otherwise.

± is the standard deviation over seeds, on MVTec AD over divisions of the pictures; without it
there is one seed, or the note says more. Minutes are of one core, of searches by the clock (of
the last call, where one was broken off), at the lowest priority of a machine in use. The survey's
systems, and those compared with OMASGAN, are trained with the settings that one search a system
found on FashionMNIST T-shirt/top; these searches, and those of *Search against published
defaults*, use the sampler `tpe`, the default when the first of them was made. The scale is
smaller than in the papers and stands in each row; how much of a difference is due to it is not
known. Its channels are those of the first layer, an eighth of the units where a network is dense.
*Reached* compares with the published value, or with the project's own aim, which stands in brackets
then. In tables of ten classes the published value of a class stands in brackets behind ours and
counts too. An F1 reaches nothing where flagging every image, or none, has as much. *Not comparable*
are rows whose note says that the images, or the published value, are of another kind. A row
without a scale (`-`) has no runs: what was published is computed there, or a pace is taken from
`detectors.py`. `rows_measured`, `rows_aimed` and `rows_reached` leave these out.
`fashion_mnist_mean`, `mnist_mean` and `cifar10_mean` are of the U-Net GAN with W1, one known
anomaly to ten normals.

A chart shows the rows with a published value to compare with and the means of ten classes, or all
rows where there are few of these; AUPRC and gains stand in the tables alone. 0.5, the AUROC of
chance, is dotted.
"""
