/** On a phone the pages of Swagger UI are wider than the screen, and their tables are cut off. */
export const docsStyle = `
.swagger-ui .topbar{display:none}
@media(max-width:40rem){
.swagger-ui .wrapper,.swagger-ui .info,.swagger-ui .scheme-container{padding-left:.75rem;padding-right:.75rem}
.swagger-ui .opblock .opblock-summary{flex-wrap:wrap}
.swagger-ui .opblock .opblock-summary-path{max-width:100%;flex-basis:100%;word-break:break-word}
.swagger-ui .opblock .opblock-summary-description{flex-basis:100%}
.swagger-ui table.parameters,.swagger-ui table.responses-table,.swagger-ui table.model{display:block;overflow-x:auto}
.swagger-ui table.parameters tr,.swagger-ui table.responses-table tr{display:flex;flex-direction:column}
.swagger-ui .parameters-col_name,.swagger-ui .parameters-col_description,.swagger-ui .response-col_description{width:auto;max-width:100%}
.swagger-ui .opblock-body pre,.swagger-ui .microlight{max-width:calc(100vw - 4rem);overflow-x:auto}
.swagger-ui .dialog-ux .modal-ux{min-width:0;width:calc(100vw - 1.5rem)}
}
`;
