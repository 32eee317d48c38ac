package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// suite is the tests of one package, built with all mutants.
type suite struct {
	path, dir, binary, scratch string
	flags                      []string
	tests                      []testCase
	// patience is the time of a processor that a mutant may take beyond ten times
	// what the tests take without it.
	patience time.Duration
	killers  killers
}

// testCase is one test function.
type testCase struct {
	name string
	// took is the time of a processor, which a busy machine does not lengthen.
	took time.Duration
	// reaches tells, by number, which mutants the test comes to at all.
	reaches []bool
}

// builder builds each suite once.
type builder struct {
	scratch           string
	choose, recording string // overlays
	mutants           int
	settings          settings
	built             map[string]*suite
}

func newBuilder(scratch string, p *program, s settings) (*builder, error) {
	b := &builder{scratch: scratch, mutants: len(p.mutants), settings: s, built: map[string]*suite{}}
	var err error
	if b.choose, err = writeOverlay(filepath.Join(scratch, "choose"), p.sources(choosing())); err != nil {
		return nil, err
	}
	b.recording, err = writeOverlay(filepath.Join(scratch, "record"), p.sources(recording(len(p.mutants))))
	return b, err
}

// writeOverlay puts sources where the go command is to take them from.
func writeOverlay(dir string, sources map[string]string) (path string, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	replace := make(map[string]string, len(sources))
	for original, text := range sources {
		path := filepath.Join(dir, fmt.Sprintf("source%d.go", len(replace)))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[original] = path
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

// chains gives, by the directory of a mutated package, the suites that its
// mutants have to pass, its own first.
func (b *builder) chains(ctx context.Context, packages []*source, then []string) (map[string][]*suite, error) {
	chains := map[string][]*suite{}
	for _, p := range packages {
		for _, path := range append([]string{p.path}, then...) {
			s, err := b.build(ctx, path)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(chains[p.dir], s) {
				chains[p.dir] = append(chains[p.dir], s)
			}
		}
	}
	return chains, nil
}

func (b *builder) build(ctx context.Context, path string) (*suite, error) {
	if s := b.built[path]; s != nil {
		return s, nil
	}
	all, err := goList(ctx, "-deps", "-test", path)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(p listed) bool { return !p.DepOnly })
	s := &suite{
		path: all[i].ImportPath, dir: all[i].Dir, scratch: b.scratch, patience: b.settings.patience,
		binary:  filepath.Join(b.scratch, fmt.Sprintf("suite%d.test", len(b.built))),
		flags:   []string{"-test.v", "-test.failfast", "-test.paniconexit0"},
		killers: killers{last: map[string][]testCase{}},
	}
	if slices.ContainsFunc(all, func(p listed) bool { return p.ImportPath == "pgregory.net/rapid" }) {
		s.flags = append(s.flags, "-rapid.seed=1", "-rapid.nofailfile", "-rapid.shrinktime=0s")
	}
	// First with the recording, and then for good.
	if err := s.compile(ctx, b.recording); err != nil {
		return nil, err
	}
	if err := s.survey(ctx, b.mutants, b.settings.skip); err != nil {
		return nil, err
	}
	b.built[path] = s
	return s, s.compile(ctx, b.choose)
}

func (s *suite) compile(ctx context.Context, overlay string) error {
	_, err := goCommand(ctx, "test", "-c", "-vet=off", "-overlay", overlay, "-o", s.binary, s.path)
	return err
}

// survey runs every test alone, without a mutant: it has to pass, and tells how
// long it takes and what it reaches.
func (s *suite) survey(ctx context.Context, mutants int, skip string) error {
	list, err := exec.CommandContext(ctx, s.binary, "-test.list", "^(Test|Fuzz|Example)").Output()
	if err != nil {
		return fmt.Errorf("list the tests of %s: %w", s.path, err)
	}
	skipped, err := regexp.Compile(skip)
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(list)) {
		if skip != "" && skipped.MatchString(name) {
			continue
		}
		t := testCase{name: name, reaches: make([]bool, mutants+1)}
		record := filepath.Join(s.scratch, "reached")
		if err := os.RemoveAll(record); err != nil {
			return err
		}
		a, err := s.run(ctx, []testCase{t}, 10*time.Minute, reached+"="+record)
		if err != nil {
			return err
		}
		if a.outcome != survived {
			return fmt.Errorf("%s of %s fails without a mutant:\n%s", name, s.path, a.output)
		}
		t.took = a.took
		if err := t.read(record); err != nil {
			return err
		}
		s.tests = append(s.tests, t)
	}
	return nil
}

// read takes in what a test reached.
func (t *testCase) read(record string) error {
	file, err := os.Open(record)
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		var first, last int
		switch _, err := fmt.Fscanln(file, &first, &last); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read what %s reached: %w", t.name, err)
		}
		for i := first; i <= last; i++ {
			t.reaches[i] = true
		}
	}
}
