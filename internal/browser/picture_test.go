package browser

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

func TestAPictureOfFewColoursLooksTheSame(t *testing.T) {
	full := image.NewNRGBA(image.Rect(0, 0, 200, 100))
	for x := range 200 {
		for y := range 100 {
			full.Set(x, y, color.NRGBA{uint8(x), 200, uint8(y / 20 * 40), 255})
		}
	}
	var in bytes.Buffer
	if err := png.Encode(&in, full); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.png")
	if err := WritePicture(path, in.Bytes()); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	few, err := png.Decode(bytes.NewReader(written))
	if err != nil {
		t.Fatal(err)
	}
	for x := range 200 {
		for y := range 100 {
			r, g, b, _ := few.At(x, y).RGBA()
			for _, d := range []int{int(r>>8) - x, int(g>>8) - 200, int(b>>8) - y/20*40} {
				if d < -8 || d > 8 {
					t.Fatalf("at %d, %d the colour is %d %d %d", x, y, r>>8, g>>8, b>>8)
				}
			}
		}
	}
	if err := WritePicture(path, []byte("no picture")); err == nil {
		t.Error("what is no picture was written")
	}
}
