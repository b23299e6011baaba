// What every page needs: times in the viewer's own zone, toasts, and copy buttons.
