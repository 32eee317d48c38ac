package options

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// Config is an immutable set of values by key, each with its source. The zero
// Config has nothing set: every option has its preset of profile sluice or its
// default. It is safe for concurrent use.
type Config struct {
	values   map[string]Value
	profile  Profile
	sections []section
	clusters []Cluster
}

// Value is the text of a value and where it was set.
type Value struct {
	Text   string
	Source Source
}

// Entry is one value that is set, fit for printing: secrets are masked.
type Entry struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

// layer is a set of values of one rank, by key.
type layer map[string]Value

// FromMap returns a Config with the given values set, as if by the job. For
// library users and tests; [Load] and [Effective] build all others.
func FromMap(values map[string]string) Config {
	return Config{}.with(layerOf(values, Source{Kind: FromJob}))
}

func layerOf(values map[string]string, source Source) layer {
	l := make(layer, len(values))
	for k, v := range values {
		l[k] = Value{Text: v, Source: source}
	}
	return l
}

// Profile is the profile whose presets count. A profile that cannot be parsed
// counts as the default one; [Get] of [ProfileOption] tells.
func (c Config) Profile() Profile {
	if c.profile == "" {
		return ProfileOption.Default
	}
	return c.profile
}

// Lookup returns what is set under exactly this key, without legacy keys,
// presets and defaults.
func (c Config) Lookup(key string) (Value, bool) {
	v, ok := c.values[key]
	return v, ok
}

// Keys returns all keys that are set, in order.
func (c Config) Keys() []string { return slices.Sorted(maps.Keys(c.values)) }

// Entries returns what is set, ordered by key, with secrets masked.
func (c Config) Entries() []Entry {
	entries := make([]Entry, 0, len(c.values))
	for _, key := range c.Keys() {
		v := c.values[key]
		entries = append(entries, Entry{Key: key, Value: Mask(key, v.Text), Source: v.Source.String()})
	}
	return entries
}

// String prints what is set as "key=value" pairs, with secrets masked.
func (c Config) String() string {
	pairs := make([]string, 0, len(c.values))
	for _, e := range c.Entries() {
		pairs = append(pairs, e.Key+"="+e.Value)
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

// GoString is String, so that %#v shows no secret either.
func (c Config) GoString() string { return "options.Config" + c.String() }

// LogValue is what is set as a group, with secrets masked.
func (c Config) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, len(c.values))
	for _, e := range c.Entries() {
		attrs = append(attrs, slog.String(e.Key, e.Value))
	}
	return slog.GroupValue(attrs...)
}

// with returns c with the layers on top, the weakest first.
func (c Config) with(layers ...layer) Config {
	size := len(c.values)
	for _, l := range layers {
		size += len(l)
	}
	merged := make(map[string]Value, size)
	maps.Copy(merged, c.values)
	c.profile = c.profileWith(layers)
	for _, l := range layers {
		if c.Profile() == ProfileSluice {
			shadow(merged, l)
		}
		maps.Copy(merged, l)
	}
	c.values = merged
	return c
}

// profileWith is the profile after the layers are put on top.
func (c Config) profileWith(layers []layer) Profile {
	for _, l := range slices.Backward(layers) {
		v, ok := l[ProfileOption.Key]
		if !ok {
			continue
		}
		p, err := ProfileOption.syntax.parse(v.Text)
		if err != nil {
			return ""
		}
		return p
	}
	return c.profile
}

// shadow removes from merged what the layer sets under another key of the same
// option. Without it a legacy key in a strong layer would lose against the
// canonical key in a weak one, as it does in the reference, which merges keys
// without a look at what they mean.
func shadow(merged map[string]Value, l layer) {
	for key := range l {
		i, known := byKey[key]
		if !known || len(infos[i].Fallbacks) == 0 {
			continue
		}
		delete(merged, infos[i].Key)
		for _, legacy := range infos[i].Fallbacks {
			delete(merged, legacy)
		}
	}
}

// resolve finds what holds for an option: the canonical key, its legacy keys
// in order, then the preset of the profile. The key it was set as comes along.
func (c Config) resolve(key string, fallbacks []string) (v Value, setAs string, ok bool) {
	if v, ok := c.values[key]; ok {
		return v, key, true
	}
	for _, legacy := range fallbacks {
		if v, ok := c.values[legacy]; ok {
			return v, legacy, true
		}
	}
	p := c.Profile()
	if text, ok := presets[p][key]; ok {
		return Value{Text: text, Source: Source{Kind: FromProfile, Name: string(p)}}, key, true
	}
	return Value{}, "", false
}
