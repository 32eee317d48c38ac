package options

import "maps"

// presets is what each profile sets. A preset ranks just above the default:
// whatever is set anywhere wins over it. Profile reference needs none, since
// the default of every improvement is what the reference does.
var presets = map[Profile]map[string]string{
	ProfileSluice: {
		SluiceEnabled.Key:            "true",
		RateEstimator.Key:            string(EstimatorCounters),
		RecentRateEnabled.Key:        "true",
		CatchUpInHeadroomEnabled.Key: "true",
		SkewEnabled.Key:              "true",
		SaturatedNoShrinkEnabled.Key: "true",
		AlignmentCapAtPartitions.Key: "true",
		DeduplicateErrors.Key:        "true",
		PullIntoRangeEnabled.Key:     "true",
		JudgeExecutedEnabled.Key:     "true",
		NeverUpEnabled.Key:           "true",
		SlotwiseEnabled.Key:          "true",
		ResetsAsBorders.Key:          "true",
		FractionalRates.Key:          "true",
		QuotaPartialEnabled.Key:      "true",
		UnknownRateTolerated.Key:     "true",
		RequireExtensions.Key:        "true",
		DropUnchanged.Key:            "true",
		GuardedRescales.Key:          "true",
		KeepStateWhenDisabled.Key:    "true",
		ReportCapacityRefusals.Key:   "true",
		StateFormatOption.Key:        string(FormatSluice),
	},
	ProfileReference: {},
}

// profiles are all profiles in the order in which the documents name them.
var profiles = []Profile{ProfileSluice, ProfileReference}

// Presets returns a copy of what a profile sets, by option key.
func Presets(p Profile) map[string]string { return maps.Clone(presets[p]) }

// presetsOf collects what the profiles set for one option.
func presetsOf(key string) map[Profile]string {
	var by map[Profile]string
	for _, p := range profiles {
		if text, ok := presets[p][key]; ok {
			if by == nil {
				by = map[Profile]string{}
			}
			by[p] = text
		}
	}
	return by
}
