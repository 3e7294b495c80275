//! A picture as a list of marks, and its two forms: SVG text and PNG bytes.
//!
//! SVG names generic font families, which browsers have; PNG is drawn with the embedded font, at twice the size.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, TextStyle, register_font};

use super::palette::{Colour, PAPER};
use super::{ChartError, ChartFormat};

/// Font families of SVG text; the embedded font is registered by the same name.
const FAMILY: &str = "Arial, Helvetica, sans-serif";

/// Roboto, Latin letters only; licence beside it.
const FONT: &[u8] = include_bytes!("fonts/Roboto-Latin.ttf");

/// Pixels of a PNG for one of the picture.
const PNG_SCALE: i32 = 2;

/// Where a text's position is in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// Something drawn. Coordinates are pixels from the upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    /// A filled rectangle.
    Bar { x: i32, y: i32, width: i32, height: i32, colour: Colour },
    /// A line of right angles.
    Line { points: Vec<(i32, i32)>, width: u32, colour: Colour },
    /// What lies between a line of right angles and a floor.
    Area { points: Vec<(i32, i32)>, floor: i32, colour: Colour },
    /// A text in letters of `size` pixels that stands on `y`.
    Text { x: i32, y: i32, size: i32, align: Align, colour: Colour, text: String },
}

/// A picture on white, its marks in the order in which they are drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) marks: Vec<Mark>,
}

impl Picture {
    pub(super) fn bar(&mut self, (x, y): (i32, i32), (width, height): (i32, i32), colour: Colour) {
        self.marks.push(Mark::Bar { x, y, width, height, colour });
    }

    pub(super) fn text(
        &mut self,
        (x, y): (i32, i32),
        size: i32,
        align: Align,
        colour: Colour,
        text: impl Into<String>,
    ) {
        self.marks.push(Mark::Text { x, y, size, align, colour, text: text.into() });
    }

    /// The picture as a file of `format`.
    pub(super) fn render(&self, format: ChartFormat) -> Result<Vec<u8>, ChartError> {
        match format {
            ChartFormat::Svg => self.svg(),
            ChartFormat::Png => self.png(),
        }
    }

    fn svg(&self) -> Result<Vec<u8>, ChartError> {
        let mut text = String::with_capacity(self.marks.len() * 160);
        let size = (self.width as u32, self.height as u32);
        draw(self, &mut SVGBackend::with_string(&mut text, size), &Scale::SVG)?;
        Ok(text.into_bytes())
    }

    fn png(&self) -> Result<Vec<u8>, ChartError> {
        register_font(FAMILY, FontStyle::Normal, FONT).map_err(|_| ChartError::Draw("the font is damaged".into()))?;
        let size = ((self.width * PNG_SCALE) as u32, (self.height * PNG_SCALE) as u32);
        let mut pixels = vec![0; size.0 as usize * size.1 as usize * 3];
        draw(self, &mut BitMapBackend::with_buffer(&mut pixels, size), &Scale::PNG)?;
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, size.0, size.1);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
        written.map_err(|error| ChartError::Draw(error.to_string()))?;
        Ok(file)
    }
}

/// What a backend makes of a pixel of the picture and of a letter's height.
struct Scale {
    pixel: i32,
    /// plotters' font size for letters of one pixel of the picture.
    letter: f64,
    /// From the top of plotters' text to the line it stands on, in letter heights of the picture.
    baseline: f64,
    /// Does it fill polygons of right angles exactly?
    polygons: bool,
}

impl Scale {
    fn at(&self, (x, y): (i32, i32)) -> (i32, i32) {
        (x * self.pixel, y * self.pixel)
    }

    /// plotters divides the size by 1.24 and puts the line at `dy="0.76em"`.
    const SVG: Scale = Scale { pixel: 1, letter: 1.24, baseline: 0.76, polygons: true };
    /// plotters takes the size for ascent and descent, 2400 of 2048 units, and puts the line at half of it.
    const PNG: Scale = Scale {
        pixel: PNG_SCALE,
        letter: PNG_SCALE as f64 * 2400.0 / 2048.0,
        baseline: PNG_SCALE as f64 * 1200.0 / 2048.0,
        polygons: false,
    };
}

fn draw<B: DrawingBackend>(picture: &Picture, backend: &mut B, scale: &Scale) -> Result<(), ChartError> {
    backend.draw_rect((0, 0), scale.at((picture.width, picture.height)), &PAPER, true).map_err(failed)?;
    for mark in &picture.marks {
        match mark {
            Mark::Bar { x, y, width, height, colour } => {
                let corner = scale.at((x + width, y + height));
                backend.draw_rect(scale.at((*x, *y)), corner, colour, true).map_err(failed)?;
            }
            Mark::Line { points, width, colour } => {
                let style = colour.stroke_width(width * scale.pixel as u32);
                backend.draw_path(points.iter().map(|&point| scale.at(point)), &style).map_err(failed)?;
            }
            Mark::Area { points, floor, colour } => area(backend, scale, points, *floor, *colour)?,
            Mark::Text { x, y, size, align, colour, text } => {
                let side = match align {
                    Align::Left => HPos::Left,
                    Align::Centre => HPos::Center,
                    Align::Right => HPos::Right,
                };
                let size = f64::from(*size);
                let style = TextStyle::from((FAMILY, size * scale.letter).into_font()).color(colour);
                let (x, y) = scale.at((*x, *y));
                let top = y - (size * scale.baseline + 0.5) as i32;
                backend.draw_text(text, &style.pos(Pos::new(side, VPos::Top)), (x, top)).map_err(failed)?;
            }
        }
    }
    backend.present().map_err(failed)
}

/// One polygon is the shorter text; in a bitmap bars are exact, and polygons are not.
fn area<B: DrawingBackend>(
    backend: &mut B,
    scale: &Scale,
    points: &[(i32, i32)],
    floor: i32,
    colour: Colour,
) -> Result<(), ChartError> {
    let (Some(&(left, _)), Some(&(right, _))) = (points.first(), points.last()) else { return Ok(()) };
    if scale.polygons {
        let outline = points.iter().copied().chain([(right, floor), (left, floor)]);
        return backend.fill_polygon(outline.map(|point| scale.at(point)), &colour).map_err(failed);
    }
    for pair in points.windows(2).filter(|pair| pair[0].1 == pair[1].1 && pair[0].1 < floor) {
        backend.draw_rect(scale.at(pair[0]), scale.at((pair[1].0, floor)), &colour, true).map_err(failed)?;
    }
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> ChartError {
    ChartError::Draw(error.to_string())
}
