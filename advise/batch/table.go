package batch

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the report for a terminal.
func (r *Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	for i := range r.Jobs {
		if i > 0 {
			b.WriteByte('\n')
		}
		r.Jobs[i].table(&b)
	}
	for i, why := range r.leftBy() {
		if i == 0 {
			b.WriteByte('\n')
		}
		line(&b, "left out: %s: %s", why.Names, why.Why)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (a *Advice) table(b *strings.Builder) {
	line(b, "%s: %s: %s", a.Name, a.headline(), a.Reason)
	newest := a.Runs[len(a.Runs)-1]
	line(b, "  %s, the newest %s on %s: %s, %s slot-seconds in %s; %s (%s); Flink %s's rules",
		plural(len(a.Runs), "run"), strings.ToLower(string(newest.State)), newest.Start.UTC().Format("2006-01-02 15:04"),
		seconds(newest.Seconds), figure(newest.SlotSeconds), plural(newest.Tasks, "task"),
		plural(a.Slots, "slot"), a.SlotsFrom, a.Release)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  VERTEX\tREAD\tWRITTEN\tSKEW\tTIME\tSLOT-S\tHAD\tDERIVED\tADVISED\tWHY")
	for i := range a.Vertices {
		v := &a.Vertices[i]
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", shorten(plain(v.Name), 40), amount(float64(v.ReadBytes)), amount(float64(v.WriteBytes)),
			skew(v.Skew), seconds(v.End-v.Start), figure(v.SlotSeconds), count(v.Had), count(v.Derived), count(v.Advised), plain(v.Rule))
	}
	_ = t.Flush() // a strings.Builder takes all
	a.tail(b)
}

func (a *Advice) tail(b *strings.Builder) {
	for _, s := range a.Proposed {
		line(b, "  set %s: %s  (now %s)", s.Key, s.Value, s.now())
	}
	if a.Predicted != nil && a.Verdict == Change {
		line(b, "  predicted: run time %s s, slot-seconds %s", a.Predicted.Seconds, a.Predicted.SlotSeconds)
	}
	if a.Fit != nil {
		line(b, "  certainty: %s", a.Fit)
	}
	for _, s := range a.Tuning {
		line(b, "  also %s: %s  (now %s): %s", s.Key, s.Value, orNone(s.Was), s.Why)
	}
	for _, n := range a.Notes {
		line(b, "  note: %s", n)
	}
}

// line writes one line; what others named cannot make two of it.
func line(b *strings.Builder, format string, args ...any) {
	b.WriteString(plain(fmt.Sprintf(format, args...)))
	b.WriteByte('\n')
}

// headline is the verdict in words.
func (a *Advice) headline() string {
	n := len(a.Tuning)
	switch {
	case a.Verdict == Change && n > 0:
		return fmt.Sprintf("change %s and consider %d more", plural(len(a.Proposed), "setting"), n)
	case a.Verdict == Change:
		return "change " + plural(len(a.Proposed), "setting")
	case a.Verdict == Keep && n > 0:
		return "keep the configuration and consider " + plural(n, "setting")
	case a.Verdict == Keep:
		return "keep the configuration"
	}
	return "no advice"
}

// String is the figure now and then, with the range it is expected in.
func (f Figure) String() string {
	return fmt.Sprintf("%s -> %s (%s to %s)", figure(f.Now), figure(f.Then), figure(f.Least), figure(f.Most))
}

// String says how certain the model is and why.
func (f *Fit) String() string {
	return fmt.Sprintf("%s: fitted to %s of %s, errs by %.0f %% about run time and %.0f %% about slot-seconds; a single task differs by %.0f %%",
		f.Certainty, plural(f.Tasks, "task"), plural(f.Runs, "run"), 100*f.TimeError, 100*f.SlotError, 100*f.TaskResidual)
}

// leftOut are jobs that were left out for one reason.
type leftOut struct{ Names, Why string }

// leftBy puts together what was left out for one reason, in order.
func (r *Report) leftBy() []leftOut {
	var order []string
	by := map[string][]string{}
	for _, l := range r.Left {
		if by[l.Why] == nil {
			order = append(order, l.Why)
		}
		name := l.Name
		if name == "" {
			name = string(l.ID)
		}
		by[l.Why] = append(by[l.Why], name)
	}
	var all []leftOut
	for _, why := range order {
		all = append(all, leftOut{some(by[why]), why})
	}
	return all
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// seconds is a time that a person can read.
func seconds(s float64) string {
	switch {
	case s >= 7200:
		return fmt.Sprintf("%.1f h", s/3600)
	case s >= 120:
		return fmt.Sprintf("%.1f min", s/60)
	}
	return figure(s) + " s"
}

// figure is a number with about three digits.
func figure(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func skew(s float64) string {
	if s == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", s)
}

func count(n int) string {
	if n <= 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func orNone(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// plain keeps what others named from steering a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}

func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
