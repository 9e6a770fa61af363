/**
 * Shows the way back to the other pages, and takes buttons off Bull Board's page that the guard refuses to everyone. Convenience only: names may change with an
 * upgrade, and then a button is back that answers with a notice. Of a job's buttons, promote and retry stay.
 */
export const boardStyle = `
[class*="queueActions-"],
[class*="actionsCell-"] button,
[class*="jobActions-"] li:not(:has(.lucide-corner-up-left, .lucide-rotate-cw, .lucide-refresh-cw)),
[class*="dropdown-"] > [role="menuitem"]:has(.lucide-pause, .lucide-play, .lucide-refresh-cw),
[role="menuitem"]:has(.lucide-plus, .lucide-chart-no-axes-gantt, .lucide-gauge, .lucide-trash-2, .lucide-ban) {
  display: none !important;
}
#token-health {
  position: fixed; right: 1rem; bottom: 1rem; z-index: 10; padding: .5rem .9rem; border-radius: .5rem;
  font: 600 .875rem system-ui, sans-serif; color: #fff; background: #0b6b57; text-decoration: none;
}
`;
