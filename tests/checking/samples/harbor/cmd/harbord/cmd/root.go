package cmd

import "github.com/spf13/cobra"

func NewRootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:   "harbord",
		Short: "The harbor daemon",
	}
	root.PersistentFlags().String("home", "", "state directory")
	root.AddCommand(
		newQueryCmd(),
		newTxCmd(),
		newRollbackCmd(),
	)
	return root
}

func newRollbackCmd() *cobra.Command {
	c := &cobra.Command{
		Use:     "rollback",
		Aliases: []string{"undo"},
	}
	c.Flags().Bool("hard", false, "remove the block too")
	return c
}
