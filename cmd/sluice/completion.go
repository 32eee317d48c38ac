package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/options"
)

// complete says what a shell offers for a flag of a command, given what was typed of
// its value.
func complete(cmd *cobra.Command, flag string, offers func(cmd *cobra.Command, typed string) []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return offers(cmd, typed), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag is there
	}
}

// completionWait is how long a shell waits for the names of jobs.
const completionWait = 700 * time.Millisecond

// jobLister knows the jobs that a command can be about.
type jobLister func(cmd *cobra.Command) ([]apiclient.Job, error)

// completeJobs offers the jobs of the place as the first argument of a command, or for
// its flag --job.
func completeJobs(cmd *cobra.Command, jobs jobLister) {
	if cmd.Flags().Lookup("job") != nil {
		complete(cmd, "job", func(cmd *cobra.Command, typed string) []string { return jobsLike(cmd, jobs, typed) })
		return
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return jobsLike(cmd, jobs, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeWishes offers the vertices of the job that is named, behind it, with their
// upper bounds still to be typed.
func completeWishes(cmd *cobra.Command, f *askFlags) {
	jobs := cmd.ValidArgsFunction
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return jobs(cmd, args, typed)
		}
		return verticesLike(cmd, f, args[0], typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

func verticesLike(cmd *cobra.Command, f *askFlags, job, typed string) []string {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionWait)
	defer cancel()
	client, err := f.client()
	if err != nil {
		return nil // a shell has no use for it
	}
	found, err := client.Find(ctx, job)
	if err != nil {
		return nil
	}
	vertices, err := client.Requirements(ctx, &found)
	if err != nil {
		return nil
	}
	var offers []string
	for _, v := range vertices {
		if word := plainText(v.Name, 200) + "="; strings.HasPrefix(word, typed) {
			offers = append(offers, fmt.Sprintf("%s\t%d:%d, runs at %d", word, v.Lower, v.Upper, v.Parallelism))
		}
	}
	slices.Sort(offers)
	return offers
}

// jobsLike are the jobs whose name or id begins as typed, with what tells them apart: a
// name that several have is none, and then it is the id.
func jobsLike(cmd *cobra.Command, list jobLister, typed string) []string {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionWait)
	defer cancel()
	cmd.SetContext(ctx)
	jobs, err := list(cmd)
	if err != nil {
		return nil // a shell has no use for it
	}
	named := map[string]int{}
	for i := range jobs {
		named[jobs[i].Name]++
	}
	var offers []string
	for i := range jobs {
		j := &jobs[i]
		word, says := j.Name, j.State
		if word == "" || named[word] > 1 || strings.HasPrefix(j.Job, typed) && typed != "" {
			word, says = j.Job, cmp.Or(j.Name, j.State)
		}
		if word = plainText(word, 200); strings.HasPrefix(word, typed) {
			offers = append(offers, word+"\t"+plainText(says, 60))
		}
	}
	slices.Sort(offers)
	return offers
}

// completeEverywhere completes what several commands have: keys of options after -D,
// and words of flags that have few.
func completeEverywhere(cmd *cobra.Command) {
	if cmd.Flags().Lookup("define") != nil {
		completeOptions(cmd)
	}
	for flag, words := range map[string][]string{
		"log-level": {"debug", "info", "warn", "error"}, "log-format": {"text", "json"},
		"for": lengths, "hold": lengths, "every": nil, "timeout": nil, "since": nil, "last": nil, "why": nil,
	} {
		if cmd.Flags().Lookup(flag) != nil {
			complete(cmd, flag, func(*cobra.Command, string) []string { return words })
		}
	}
	for _, below := range cmd.Commands() {
		completeEverywhere(below)
	}
}

// lengths are some of a pause.
var lengths = []string{"30min", "1h", "2h", "1d"}

func completeOptions(cmd *cobra.Command) {
	err := cmd.RegisterFlagCompletionFunc("define", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		key, value, valued := strings.Cut(typed, "=")
		if valued {
			return valuesLike(key, value), cobra.ShellCompDirectiveNoFileComp
		}
		return keysLike(key), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	if err != nil {
		panic(err) // the flag is there
	}
}

func keysLike(typed string) []string {
	var offers []string
	for _, info := range options.All() {
		if info.Scope != options.ScopeForeign && strings.HasPrefix(info.Key, typed) {
			offers = append(offers, info.Key+"=\t"+info.Doc)
		}
	}
	return offers
}

// valuesLike are the values of an option that has few.
func valuesLike(key, typed string) []string {
	info, _ := options.ByKey(key)
	values := info.Values
	if info.Type == "boolean" {
		values = []string{"true", "false"}
	}
	var offers []string
	for _, v := range values {
		if strings.HasPrefix(strings.ToLower(v), strings.ToLower(typed)) {
			offers = append(offers, key+"="+v)
		}
	}
	return offers
}

// shells are those for which there are scripts.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:   "completion {bash|zsh|fish|powershell}",
		Short: "Write the script by which a shell completes sluice",
		Long: "Completion writes a script for a shell, by which it completes commands, flags, keys of options, and the names of jobs.\n" +
			"Jobs are those of the place that the command line names so far, else of the Sluice that " + serverVariable + " names.",
		Example: "  source <(sluice completion bash)                                      # bash, now; needs bash-completion\n" +
			"  sluice completion bash > /etc/bash_completion.d/sluice                # bash, for all\n" +
			"  sluice completion zsh > \"${fpath[1]}/_sluice\"                         # zsh; needs compinit\n" +
			"  sluice completion fish > ~/.config/fish/completions/sluice.fish       # fish\n" +
			"  sluice completion powershell | Out-String | Invoke-Expression         # PowerShell",
		ValidArgs: shells,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				return &usageError{fmt.Errorf("%s takes one shell, %s, but got %q (see %s --help)", cmd.CommandPath(), oneOf(shells), strings.Join(args, " "), cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			}
			return root.GenPowerShellCompletionWithDesc(out)
		},
	}
}
