package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// The environment variables of a suite: the mutant in use, and the file into
// which a run without one writes the numbers of the mutants that it reaches.
const (
	inUse   = "MUTANT"
	reached = "MUTANTS_REACHED"
)

// program is the mutated packages with all of their mutants.
type program struct {
	packages []*source
	// mutants stand in the order of files and places; their numbers count from 1.
	mutants []*mutant
	// sites holds those of each file, by its path.
	sites map[string][]*site
}

// mutate finds all mutants.
func mutate(packages []*source) (*program, error) {
	p := &program{packages: packages, sites: map[string][]*site{}}
	for _, s := range packages {
		for _, file := range s.files {
			sites := findSites(s, file)
			slices.SortFunc(sites, func(a, b *site) int {
				if a.start != b.start {
					return a.start - b.start
				}
				return b.end - a.end
			})
			p.sites[file.path] = sites
			p.number(file, sites)
		}
	}
	if len(p.mutants) == 0 {
		return nil, errors.New("nothing in these packages can be mutated")
	}
	return p, nil
}

func (p *program) number(file sourceFile, sites []*site) {
	sum := sha256.Sum256(file.text)
	for _, s := range sites {
		for _, m := range s.mutants {
			p.mutants = append(p.mutants, m)
			m.ID = len(p.mutants)
			m.key = fmt.Sprintf("%s %x %d %s", m.File, sum[:6], m.atStart, m.change())
		}
	}
}

// A variant says how the code at a site looks, given what stood there, and what
// file each package gets besides; the file's name of the package is left open.
type variant struct {
	choice func(s *site, original string) string
	file   string
}

// choosing makes the mutant in use take effect.
func choosing() variant {
	return variant{(*site).choice, fmt.Sprintf(`package %%s

import (
	"os"
	"strconv"
)

var mutantInUse = func() int {
	n, _ := strconv.Atoi(os.Getenv(%q))
	return n
}()
`, inUse)}
}

// recording leaves all as it is and tells which mutants are reached.
func recording(count int) variant {
	return variant{(*site).record, fmt.Sprintf(`package %%s

import (
	"fmt"
	"os"
	"sync/atomic"
)

var (
	mutantsSeen    [%d]atomic.Bool
	mutantsFile, _ = os.OpenFile(os.Getenv(%q), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
)

func mutantsReached(first, last int) {
	if mutantsSeen[first].CompareAndSwap(false, true) {
		fmt.Fprintln(mutantsFile, first, last)
	}
}
`, count+1, reached)}
}

// sources are the texts of a variant, by the path of the file that each replaces.
func (p *program) sources(v variant) map[string]string {
	texts := map[string]string{}
	for _, s := range p.packages {
		for _, file := range s.files {
			texts[file.path], _ = weave(string(file.text), 0, len(file.text), p.sites[file.path], v)
		}
		texts[filepath.Join(s.dir, "mutants.go")] = fmt.Sprintf(v.file, s.types.Name())
	}
	return texts
}

// weave gives the text from start to end with the sites that lie within, and
// the sites left over. Sites come in the order of their starts, the outer first.
func weave(text string, start, end int, sites []*site, v variant) (string, []*site) {
	var out strings.Builder
	for len(sites) > 0 && sites[0].start < end {
		s := sites[0]
		out.WriteString(text[start:s.start])
		var inner string
		inner, sites = weave(text, s.start, s.end, sites[1:], v)
		out.WriteString(v.choice(s, inner))
		start = s.end
	}
	out.WriteString(text[start:end])
	return out.String(), sites
}

// choice is the code that does what the mutant in use says, or else what stood
// there.
func (s *site) choice(original string) string {
	var out strings.Builder
	if s.result == "" {
		for _, m := range s.mutants {
			fmt.Fprintf(&out, "if mutantInUse == %d { %s } else ", m.ID, m.text)
		}
		return out.String() + "{ " + original + " }"
	}
	fmt.Fprintf(&out, "func() %s { ", s.result)
	for _, m := range s.mutants {
		fmt.Fprintf(&out, "if mutantInUse == %d { return %s }; ", m.ID, m.text)
	}
	return out.String() + "return " + original + " }()"
}

// record is the code that stood there, and says that it is reached.
func (s *site) record(original string) string {
	call := fmt.Sprintf("mutantsReached(%d, %d); ", s.mutants[0].ID, s.mutants[len(s.mutants)-1].ID)
	if s.result == "" {
		return "{ " + call + original + " }"
	}
	return "func() " + s.result + " { " + call + "return " + original + " }()"
}
