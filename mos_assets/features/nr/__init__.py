"""The block `nr-v1`: a clip described without a pristine file, for corpora that have none.

Frames are sampled in neighbouring pairs, one pair a second; figures of single pictures are
means over the first of each pair unless the name says otherwise. Grey levels are luma spread
over 0..255; pictures with a side above 1920 pixels are scaled down to it first.

| column | unit, range | what it is |
|---|---|---|
| `nr_{mean,std,p10,p90}_<six>` | as the six of `canonical-6` | over all frames; population |
| | | deviation, percentiles by linear interpolation; under MOS_REFERENCE |
| `nr_mean_si`, `nr_max_si` | levels, ≥ 0 | spatial information of ITU-T P.910: deviation of the |
| | | Sobel magnitude inside the border; P.910 takes the maximum over time |
| `nr_mean_ti`, `nr_max_ti` | levels, ≥ 0 | temporal information of ITU-T P.910: deviation of |
| | | the difference of the two frames of each pair |
| `nr_blur` | 0 sharp .. 1 | Crété-Roffet et al., SPIE 6492 (2007): share of the neighbour |
| | | differences that survive a 9-tap mean; over pictures that have differences |
| `nr_blockiness` | -1..1, 0 none | (b - i)/(b + i) of the mean neighbour difference across and |
| | | off the borders of the 8 by 8 grid, after Wang, Bovik & Evans (ICIP 2000) |
| `nr_noise` | levels, ≥ 0 | deviation of white noise by Immerkær, CVIU 64(2) (1996) |
| `nr_contrast` | levels, 0..127.5 | deviation of the grey levels |
| `nr_colourfulness` | sRGB levels, ≥ 0 | Hasler & Süsstrunk, SPIE 5007 (2003), at 270 lines |
| `nr_entropy` | bits, 0..8 | Shannon entropy of the grey histogram |
| `nr_banding` | 0 none .. ~24 | cambi of libvmaf (Tandon et al., PCS 2021) |
| `nr_log10_bits_per_pixel` | log10 bit | coded bits of the stream / (pixels · decoded frames) |
| `nr_long_side`, `nr_short_side` | pixels | picture size as shown, whichever way it is turned |
| `nr_fps` | frames a second | stated rate; by timestamps where they contradict it |

Bits, size and rate are those of the probe, as in `container-v1`. A clip of one frame lacks the
columns of motion and of temporal information, and has all others.
"""

from mos_assets.features.nr.figures import nr_figures

__all__ = ["nr_figures"]
