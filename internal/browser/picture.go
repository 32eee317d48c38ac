package browser

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"slices"
)

// WritePicture writes a picture of a page as a file of 256 colours: a page has few, and
// the file a third of its size.
func WritePicture(path string, picture []byte) error {
	full, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return fmt.Errorf("read the picture for %s: %w", path, err)
	}
	few := image.NewPaletted(full.Bounds(), paletteOf(full))
	draw.Draw(few, few.Bounds(), full, full.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few); err != nil {
		return fmt.Errorf("write the picture %s: %w", path, err)
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

// shade is all colours that look alike, and how many pixels have them.
type shade struct{ n, r, g, b uint64 }

// paletteOf are the 256 shades that most pixels have.
func paletteOf(full image.Image) color.Palette {
	shades := map[[3]uint8]*shade{}
	for y := full.Bounds().Min.Y; y < full.Bounds().Max.Y; y++ {
		for x := full.Bounds().Min.X; x < full.Bounds().Max.X; x++ {
			c := color.NRGBAModel.Convert(full.At(x, y)).(color.NRGBA) //nolint:forcetypeassert // it is what the model makes
			key := [3]uint8{c.R >> 3, c.G >> 3, c.B >> 3}
			s := shades[key]
			if s == nil {
				s = &shade{}
				shades[key] = s
			}
			s.n, s.r, s.g, s.b = s.n+1, s.r+uint64(c.R), s.g+uint64(c.G), s.b+uint64(c.B)
		}
	}
	all := make([]*shade, 0, len(shades))
	for _, s := range shades {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *shade) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.r*b.n, b.r*a.n), cmp.Compare(a.g*b.n, b.g*a.n), cmp.Compare(a.b*b.n, b.b*a.n))
	})
	palette := make(color.Palette, 0, 256)
	for _, s := range all[:min(len(all), 256)] {
		palette = append(palette, color.NRGBA{uint8(s.r / s.n), uint8(s.g / s.n), uint8(s.b / s.n), 255})
	}
	return palette
}
