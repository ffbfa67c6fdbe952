// Colours of the charts follow the page's; a line chart for everything but candles.
import uPlot from "uplot";
import { clock, isLocal, moment } from "./format";

export const colour = (name: string): string =>
  getComputedStyle(document.documentElement)
    .getPropertyValue("--" + name)
    .trim();

export class LineChart {
  private plot: uPlot | null = null;
  private theme = "";
  constructor(
    private readonly host: HTMLElement,
    private readonly unit: string,
    private readonly height = 180,
  ) {
    new ResizeObserver(() => {
      if (this.plot && host.clientWidth > 40) this.plot.setSize({ width: host.clientWidth, height: this.height });
    }).observe(host);
  }
  set(times: number[], values: (number | null)[]): void {
    const width = this.host.clientWidth;
    if (width < 40 || times.length < 2) return;
    const theme = colour("bg") + String(isLocal());
    if (this.plot && theme === this.theme) {
      this.plot.setData([times, values]);
      return;
    }
    this.theme = theme;
    this.plot?.destroy();
    const grid = { stroke: colour("line"), width: 1 };
    const font = "11px system-ui, sans-serif";
    this.plot = new uPlot(
      {
        width,
        height: this.height,
        legend: { show: false },
        cursor: { y: false, points: { size: 5 } },
        padding: [8, 8, 0, 0],
        scales: { x: { time: true } },
        hooks: {
          setCursor: [
            (u) => {
              const i = u.cursor.idx;
              this.host.title =
                i === null || i === undefined || times[i] === undefined
                  ? ""
                  : `${moment(u.data[0][i]! * 1000)}  ${Number(u.data[1]![i] ?? 0).toFixed(2)} ${this.unit}`;
            },
          ],
        },
        series: [{}, { stroke: colour("accent"), width: 1.5, fill: colour("accent-soft"), points: { show: false } }],
        axes: [
          {
            stroke: colour("muted"),
            grid,
            ticks: grid,
            font,
            size: 28,
            space: 90,
            values: (_u, splits) =>
              splits.map((s) => clock(s * 1000).slice(0, splits.length > 1 && splits[1]! - splits[0]! < 60 ? 8 : 5)),
          },
          {
            stroke: colour("muted"),
            grid,
            ticks: grid,
            font,
            size: 62,
            values: (_u, splits) =>
              splits.map((s) => s.toFixed(Math.abs(splits[splits.length - 1]! - splits[0]!) < 3 ? 2 : 0)),
          },
        ],
      },
      [times, values],
      this.host,
    );
  }
}
