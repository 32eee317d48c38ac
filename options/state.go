package options

// OnOutage says what becomes of jobs while the state store does not answer.
type OnOutage string

// The values of [StateOnOutage].
const (
	OutageHold     OnOutage = "hold"
	OutageContinue OnOutage = "continue"
)

// StateFormat is how state is written into a database.
type StateFormat string

// The values of [StateFormatOption].
const (
	FormatSluice    StateFormat = "sluice"
	FormatReference StateFormat = "reference"
)

// Options of the state store.
var (
	StateOnOutage = plain(ScopeProcess, "sluice.state.on-outage", enums(OutageHold, OutageContinue), OutageHold,
		"What happens while the database does not answer: `hold` scales nothing until it does, "+
			"`continue` goes on from memory and writes what was not written once it is back.")
	StateFormatOption = plain(ScopeProcess, "sluice.state.format", enums(FormatSluice, FormatReference), FormatReference,
		"How state is written into a database: in tables of its own (`sluice`), or in the `reference`'s table, which the Java autoscaler reads.")
)
