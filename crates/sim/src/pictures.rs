//! Drawn pictures of a street: something lies on it, or it is clean again. So that the demo city has photos without anybody's.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageError, Rgb, RgbImage};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
const QUALITY: u8 = 72;
/// Where the road begins.
const HORIZON: u32 = 260;

/// A JPEG of the place `nth`: with what is wrong there, or without.
pub(crate) fn street(nth: u64, is_clean: bool) -> Result<Vec<u8>, ImageError> {
    let mut marks = Marks(nth.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let sky = [
        150 + marks.below(60),
        180 + marks.below(40),
        210 + marks.below(40),
    ];
    let wall = [
        120 + marks.below(100),
        110 + marks.below(90),
        100 + marks.below(80),
    ];
    let heap: Vec<[u32; 4]> = (0..24)
        .map(|_| {
            let (x, y) = (220 + marks.below(200), 330 + marks.below(80));
            [x, y, 12 + marks.below(26), 40 + marks.below(110)]
        })
        .collect();
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let grain = (x * 7 + y * 13) % 9;
        if !is_clean && let Some([.., shade]) = heap.iter().find(|spot| is_within(spot, x, y)) {
            return colour([shade + grain, shade * 3 / 4, shade / 2]);
        }
        let is_line = y > 350 && y < 362 && x % 160 < 90;
        match y {
            y if y < HORIZON / 3 => colour(sky.map(|part| part + y / 4)),
            y if y < HORIZON => {
                let is_window = x % 90 > 30 && x % 90 < 66 && y % 60 > 14 && y % 60 < 44;
                colour(if is_window {
                    [70, 84, 104]
                } else {
                    wall.map(|part| part + grain)
                })
            }
            _ if is_line => colour([225, 225, 215]),
            _ => colour([104 + grain, 106 + grain, 110 + grain]),
        }
    });
    let mut out = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut out, QUALITY))?;
    Ok(out)
}

fn is_within([x, y, radius, _]: &[u32; 4], at_x: u32, at_y: u32) -> bool {
    let (across, down) = (at_x.abs_diff(*x), at_y.abs_diff(*y));
    across * across + down * down < radius * radius
}

fn colour(parts: [u32; 3]) -> Rgb<u8> {
    Rgb(parts.map(|part| u8::try_from(part).unwrap_or(u8::MAX)))
}

/// Numbers that follow from where they began.
struct Marks(u64);

impl Marks {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 40).unwrap_or(0) % end
    }
}
