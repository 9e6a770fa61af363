/** Something that a page says in place of what was asked for. */
export class PageFault extends Error {
  readonly status: 400 | 403 | 404 | 409 | 503;
  readonly title: string;

  constructor(status: PageFault["status"], title: string, text: string) {
    super(text);
    this.name = "PageFault";
    this.status = status;
    this.title = title;
  }
}

export const notUnderstood = (text: string): PageFault => new PageFault(400, "Not understood", text);
