package cmd

import (
	"github.com/spf13/cobra"
)

func newTxCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "tx"}
	revoke := &cobra.Command{Use: "revoke-key"}
	revoke.Flags().String("fingerprint", "", "which key")
	revoke.Flags().String("reason", "", "why")
	cmd.AddCommand(revoke)
	return cmd
}

func Execute() { _ = NewRootCmd().Execute() }
